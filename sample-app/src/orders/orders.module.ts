import { Module } from '@nestjs/common';
import { InventoryModule } from '../inventory/inventory.module.js';
import { PaymentsModule } from '../payments/payments.module.js';
import { RecommendationsModule } from '../recommendations/recommendations.module.js';
import { OrdersController } from './orders.controller.js';
import { OrdersService } from './orders.service.js';

@Module({
  imports: [InventoryModule, PaymentsModule, RecommendationsModule],
  controllers: [OrdersController],
  providers: [OrdersService],
})
export class OrdersModule {}
