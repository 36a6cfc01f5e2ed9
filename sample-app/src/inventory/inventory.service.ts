import { Injectable } from '@nestjs/common';
import { CircuitBreaker } from 'nestjs-breaker';
import { InventoryClient } from './inventory.client.js';

@Injectable()
export class InventoryService {
  constructor(private readonly client: InventoryClient) {}

  /** No fallback: what is not reserved cannot be sold. The caller gets a 503 with `Retry-After`. */
  @CircuitBreaker('inventory')
  async reserve(warehouse: string, sku: string): Promise<void> {
    await this.client.reserve(warehouse, sku);
  }
}
