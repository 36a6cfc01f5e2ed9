import { randomUUID } from 'node:crypto';
import { Injectable, NotFoundException } from '@nestjs/common';
import { firstValueFrom } from 'rxjs';
import { InventoryService } from '../inventory/inventory.service.js';
import type { PaymentState } from '../payments/payment.js';
import { PaymentQueue } from '../payments/payment-queue.js';
import { PaymentsService } from '../payments/payments.service.js';
import { RecommendationsService } from '../recommendations/recommendations.service.js';

export interface OrderRequest {
  sku: string;
  warehouse?: string;
  amount?: number;
}

export interface Order {
  id: string;
  sku: string;
  payment: PaymentState;
}

@Injectable()
export class OrdersService {
  private readonly skus = new Map<string, string>();

  constructor(
    private readonly inventory: InventoryService,
    private readonly payments: PaymentsService,
    private readonly queue: PaymentQueue,
    private readonly recommendations: RecommendationsService,
  ) {}

  async place({ sku, warehouse = 'berlin', amount = 10 }: OrderRequest) {
    const id = randomUUID();
    await this.inventory.reserve(warehouse, sku);
    const payment = await this.payments.charge({ orderId: id, amount });
    this.skus.set(id, sku);
    const boughtTogether = await firstValueFrom(this.recommendations.for(sku));
    return { id, sku, payment, boughtTogether };
  }

  find(id: string): Order {
    const sku = this.skus.get(id);
    if (sku === undefined) throw new NotFoundException(`No order ${id}`);
    return { id, sku, payment: this.queue.stateOf(id) };
  }

  /** How many orders there are, and how many of them wait to be paid. */
  count(): { orders: number; queued: number } {
    return { orders: this.skus.size, queued: this.queue.size };
  }
}
