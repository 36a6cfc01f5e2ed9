import {
  Circuit,
  type CallOptions,
  type CircuitOptions,
} from '../../../lib/index.js';
import type { Charge, Payments } from '../payments.js';

/** The same, migrated by the table: each option by its row. */
export class PaymentsAfter implements Payments {
  readonly circuit: Circuit;

  constructor(
    private readonly charge: Charge,
    options: CircuitOptions = {},
    private readonly callOptions: CallOptions = {},
  ) {
    this.circuit = new Circuit('payments', {
      window: { type: 'time', duration: '10s', buckets: 10 },
      failureRateThreshold: 0.5,
      minimumCalls: 5,
      openDuration: '30s',
      openJitter: 0,
      halfOpen: { calls: 1 },
      ...options,
    });
    this.pay = this.circuit.wrap(this.charge, {
      timeout: '3s',
      returns: 'promise',
      ...this.callOptions,
    });
  }

  pay: Charge;

  withQueue(): this {
    this.pay = this.circuit.wrap(this.charge, {
      timeout: '3s',
      returns: 'promise',
      fallback: (error: unknown, orderId: string) =>
        `queued ${orderId}: ${error}`,
    });
    return this;
  }

  state(): string {
    return this.circuit.state;
  }
}
