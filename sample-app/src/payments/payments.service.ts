import { Injectable } from '@nestjs/common';
import { CircuitBreaker } from 'nestjs-breaker';
import type { Payment, PaymentState } from './payment.js';
import { PaymentGatewayClient } from './payment-gateway.client.js';
import { PaymentQueue } from './payment-queue.js';

@Injectable()
export class PaymentsService {
  constructor(
    private readonly gateway: PaymentGatewayClient,
    private readonly queue: PaymentQueue,
  ) {}

  @CircuitBreaker('payment-gateway', { fallback: 'queuePayment' })
  async charge(payment: Payment): Promise<PaymentState> {
    await this.gateway.charge(payment);
    return 'paid';
  }

  /** A gateway that did not answer may have charged all the same: only the idempotency key makes this safe. */
  async queuePayment(_error: unknown, payment: Payment): Promise<PaymentState> {
    return this.queue.add(payment);
  }
}
