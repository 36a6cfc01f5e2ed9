import {
  Injectable,
  type OnModuleDestroy,
  type OnModuleInit,
} from '@nestjs/common';
import { type Circuit, InjectCircuit } from 'nestjs-breaker';
import { exhaustMap, interval, merge, type Subscription } from 'rxjs';
import type { Payment, PaymentState } from './payment.js';
import {
  CardDeclinedException,
  PaymentGatewayClient,
} from './payment-gateway.client.js';

/** Payments that wait for the gateway; made when its circuit closes. A real shop keeps them in its database. */
@Injectable()
export class PaymentQueue implements OnModuleInit, OnModuleDestroy {
  private readonly payments = new Map<string, Payment>();
  private readonly declined = new Set<string>();
  private draining?: Subscription;

  constructor(
    @InjectCircuit('payment-gateway') private readonly circuit: Circuit,
    private readonly gateway: PaymentGatewayClient,
  ) {}

  onModuleInit() {
    // The timer is for payments that failed without opening the circuit.
    this.draining = merge(this.circuit.state$, interval(5_000))
      .pipe(exhaustMap(() => this.drain()))
      .subscribe();
  }

  onModuleDestroy() {
    this.draining?.unsubscribe();
  }

  get size(): number {
    return this.payments.size;
  }

  add(payment: Payment): PaymentState {
    this.payments.set(payment.orderId, payment);
    return 'queued';
  }

  stateOf(orderId: string): PaymentState {
    if (this.payments.has(orderId)) return 'queued';
    return this.declined.has(orderId) ? 'declined' : 'paid';
  }

  private async drain(): Promise<void> {
    for (const payment of this.payments.values()) {
      if (this.circuit.state !== 'closed') return;
      try {
        await this.circuit.execute(() => this.gateway.charge(payment));
      } catch (error) {
        if (!(error instanceof CardDeclinedException)) return;
        this.declined.add(payment.orderId);
      }
      this.payments.delete(payment.orderId);
    }
  }
}
