import { Controller, Get, Param } from '@nestjs/common';
import type { Product } from '../inventory/inventory.client.js';
import { CatalogueService } from './catalogue.service.js';

@Controller('products')
export class CatalogueController {
  constructor(private readonly catalogue: CatalogueService) {}

  @Get(':sku')
  describe(@Param('sku') sku: string): Promise<Product> {
    return this.catalogue.describe(sku);
  }
}
