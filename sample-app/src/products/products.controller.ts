import { Controller, type ExecutionContext, Get, Param } from '@nestjs/common';
import { CircuitBreaker } from 'nestjs-breaker';
import { InventoryClient, type Stock } from '../inventory/inventory.client.js';

/**
 * What is in stock. Each warehouse has a circuit of its own, and reads have others
 * than reservations: where one suffers, the rest goes on.
 */
@CircuitBreaker('stock', {
  key: (context: ExecutionContext) => warehouseOf(context),
  fallback: (_error: unknown, context: ExecutionContext) => ({
    warehouse: warehouseOf(context),
    inStock: 'unknown',
  }),
})
@Controller('products')
export class ProductsController {
  constructor(private readonly inventory: InventoryClient) {}

  @Get(':sku/stock/:warehouse')
  stock(
    @Param('sku') sku: string,
    @Param('warehouse') warehouse: string,
  ): Promise<Stock> {
    return this.inventory.stock(warehouse, sku);
  }
}

function warehouseOf(context: ExecutionContext): string {
  return context.switchToHttp().getRequest().params.warehouse;
}
