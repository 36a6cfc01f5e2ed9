import { Injectable } from '@nestjs/common';
import { CircuitBreaker } from 'nestjs-breaker';
import {
  InventoryClient,
  type Product,
} from '../inventory/inventory.client.js';

@Injectable()
export class CatalogueService {
  constructor(private readonly inventory: InventoryClient) {}

  /** Descriptions seldom change: one call a second is enough, and an old one is better than none. */
  @CircuitBreaker('catalogue', {
    timeout: '500ms',
    cache: { freshFor: '1s', staleFor: '1h', maxEntries: 500, coalesce: true },
  })
  async describe(sku: string): Promise<Product> {
    return this.inventory.product(sku);
  }
}
