import {
  bulkhead,
  circuitBreaker,
  CircuitState,
  ConsecutiveBreaker,
  CountBreaker,
  ExponentialBackoff,
  handleAll,
  retry,
  timeout,
  TimeoutStrategy,
  wrap,
} from 'cockatiel';
import type { Charge, Payments } from '../payments.js';

const NAMES = {
  [CircuitState.Closed]: 'closed',
  [CircuitState.Open]: 'open',
  [CircuitState.HalfOpen]: 'half-open',
  [CircuitState.Isolated]: 'isolated',
};

/** The shop's payments, as they were with cockatiel. */
export class PaymentsBefore implements Payments {
  readonly breaker = circuitBreaker(handleAll, {
    halfOpenAfter: 30_000,
    breaker: new CountBreaker({
      threshold: 0.5,
      size: 50,
      minimumNumberOfCalls: 10,
    }),
  });
  readonly bulkhead = bulkhead(2, 0);
  readonly attempts: number[] = [];
  readonly signals: AbortSignal[] = [];
  private readonly policy = wrap(
    this.bulkhead,
    this.breaker,
    timeout(3_000, TimeoutStrategy.Aggressive),
  );
  private readonly retrying = wrap(
    retry(handleAll, {
      maxAttempts: 2,
      backoff: new ExponentialBackoff({ initialDelay: 10, maxDelay: 10 }),
    }),
    this.breaker,
  );

  constructor(private readonly charge: Charge) {}

  pay(orderId: string): Promise<string> {
    return this.policy.execute(({ signal }) => {
      this.signals.push(signal);
      return this.charge(orderId);
    });
  }

  payOrRetry(orderId: string): Promise<string> {
    return this.retrying.execute(({ attempt }) => {
      this.attempts.push(attempt);
      return this.charge(orderId);
    });
  }

  state(): string {
    return NAMES[this.breaker.state];
  }
}

/** As many failures in a row open it, whatever went before. */
export class StrictPaymentsBefore implements Payments {
  private readonly breaker = circuitBreaker(handleAll, {
    halfOpenAfter: 30_000,
    breaker: new ConsecutiveBreaker(5),
  });

  constructor(private readonly charge: Charge) {}

  pay(orderId: string): Promise<string> {
    return this.breaker.execute(() => this.charge(orderId));
  }

  state(): string {
    return NAMES[this.breaker.state];
  }
}
