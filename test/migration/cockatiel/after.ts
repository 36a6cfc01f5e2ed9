import { Circuit } from '../../../lib/index.js';
import type { Charge, Payments } from '../payments.js';

const RETRY = {
  retry: { attempts: 3, backoff: { initial: 10, multiplier: 1, jitter: 0 } },
} as const;

/** The same, migrated by the table: each option by its row. */
export class PaymentsAfter implements Payments {
  readonly circuit = new Circuit('payments', {
    window: { type: 'count', size: 50 },
    minimumCalls: 10,
    failureRateThreshold: 0.5,
    openDuration: '30s',
    openJitter: 0,
    halfOpen: { calls: 1 },
    bulkhead: { maxConcurrent: 2 },
  });
  readonly attempts: number[] = [];
  readonly signals: AbortSignal[] = [];

  constructor(private readonly charge: Charge) {}

  pay(orderId: string): Promise<string> {
    return this.circuit.execute(
      ({ signal }) => {
        this.signals.push(signal);
        return this.charge(orderId);
      },
      { timeout: '3s' },
    );
  }

  payOrRetry(orderId: string): Promise<string> {
    return this.circuit.execute(({ attempt }) => {
      this.attempts.push(attempt);
      return this.charge(orderId);
    }, RETRY);
  }

  state(): string {
    return this.circuit.state;
  }
}

/** `new ConsecutiveBreaker(5)`: the streak alone, without the rates. */
export class StrictPaymentsAfter implements Payments {
  private readonly circuit = new Circuit('payments', {
    consecutiveFailures: 5,
    failureRateThreshold: false,
    slowCallRateThreshold: false,
    slowCallDuration: false,
    openDuration: '30s',
    openJitter: 0,
    halfOpen: { calls: 1 },
  });

  constructor(private readonly charge: Charge) {}

  pay(orderId: string): Promise<string> {
    return this.circuit.execute(() => this.charge(orderId));
  }

  state(): string {
    return this.circuit.state;
  }
}
