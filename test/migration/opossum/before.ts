import CircuitBreaker, { type Options } from 'opossum';
import type { Charge, Payments } from '../payments.js';

/** The shop's payments, as they were with opossum. */
export class PaymentsBefore implements Payments {
  readonly breaker: CircuitBreaker<[orderId: string], string>;

  constructor(charge: Charge, options: Options = {}) {
    this.breaker = new CircuitBreaker(charge, {
      name: 'payments',
      timeout: 3_000,
      errorThresholdPercentage: 50,
      resetTimeout: 30_000,
      volumeThreshold: 5,
      rollingCountTimeout: 10_000,
      rollingCountBuckets: 10,
      ...options,
    });
  }

  withQueue(): this {
    this.breaker.fallback((orderId, error) => `queued ${orderId}: ${error}`);
    return this;
  }

  pay(orderId: string): Promise<string> {
    return this.breaker.fire(orderId);
  }

  state(): string {
    if (this.breaker.halfOpen) return 'half-open';
    return this.breaker.opened ? 'open' : 'closed';
  }
}
