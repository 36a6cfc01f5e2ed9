import { Injectable } from '@nestjs/common';
import { CircuitBreaker } from 'nestjs-breaker';
import { InventoryClient } from './inventory.client.js';

@Injectable()
export class InventoryService {
  constructor(private readonly client: InventoryClient) {}

  /** One circuit for each warehouse. No fallback: what is not reserved cannot be sold. */
  @CircuitBreaker('inventory', { key: (warehouse: string) => warehouse })
  async reserve(warehouse: string, sku: string): Promise<void> {
    await this.client.reserve(warehouse, sku);
  }
}
