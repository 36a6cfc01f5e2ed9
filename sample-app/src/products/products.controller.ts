import { Controller, Get, Param } from '@nestjs/common';
import { CircuitBreaker } from 'nestjs-breaker';
import { InventoryClient, type Stock } from '../inventory/inventory.client.js';

/** Reads have a circuit of their own: if they suffer, reservations go on. */
@CircuitBreaker('stock', {
  slowCallDuration: '500ms',
  openDuration: '10s',
  fallback: () => ({ inStock: 'unknown' }),
})
@Controller('products')
export class ProductsController {
  constructor(private readonly inventory: InventoryClient) {}

  @Get(':sku')
  find(@Param('sku') sku: string): Promise<Stock> {
    return this.inventory.stock(sku);
  }
}
