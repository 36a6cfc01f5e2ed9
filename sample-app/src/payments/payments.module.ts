import { HttpModule } from '@nestjs/axios';
import { Module } from '@nestjs/common';
import { settings } from '../settings.js';
import { PaymentGatewayClient } from './payment-gateway.client.js';
import { PaymentQueue } from './payment-queue.js';
import { PaymentsService } from './payments.service.js';

@Module({
  imports: [
    HttpModule.register({
      baseURL: settings.paymentGatewayUrl,
      timeout: 1_000,
      proxy: false,
    }),
  ],
  providers: [PaymentGatewayClient, PaymentQueue, PaymentsService],
  exports: [PaymentQueue, PaymentsService],
})
export class PaymentsModule {}
