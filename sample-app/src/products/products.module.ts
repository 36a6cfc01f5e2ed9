import { Module } from '@nestjs/common';
import { InventoryModule } from '../inventory/inventory.module.js';
import { ProductsController } from './products.controller.js';

@Module({ imports: [InventoryModule], controllers: [ProductsController] })
export class ProductsModule {}
