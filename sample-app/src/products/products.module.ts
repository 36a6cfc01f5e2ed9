import { Module } from '@nestjs/common';
import { InventoryModule } from '../inventory/inventory.module.js';
import { CatalogueController } from './catalogue.controller.js';
import { CatalogueService } from './catalogue.service.js';
import { ProductsController } from './products.controller.js';

@Module({
  imports: [InventoryModule],
  controllers: [ProductsController, CatalogueController],
  providers: [CatalogueService],
})
export class ProductsModule {}
