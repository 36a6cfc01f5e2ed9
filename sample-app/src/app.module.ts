import type { IncomingMessage } from 'node:http';
import { Module } from '@nestjs/common';
import { CircuitBreakerModule } from 'nestjs-breaker';
import { CircuitBreakerDashboardModule } from 'nestjs-breaker/dashboard';
import { CircuitBreakerOpenTelemetryModule } from 'nestjs-breaker/opentelemetry';
import { CircuitBreakerPrometheusModule } from 'nestjs-breaker/prometheus';
import { CircuitsModule } from './circuits/circuits.module.js';
import { ConfigurationServer } from './configuration/configuration-server.js';
import { HealthModule } from './health/health.module.js';
import { isOperator } from './operator/operator.js';
import { OrdersModule } from './orders/orders.module.js';
import { PanelModule } from './panel/panel.module.js';
import { ProductsModule } from './products/products.module.js';
import { settings } from './settings.js';
import { TracingModule } from './tracing/tracing.module.js';

@Module({
  imports: [
    CircuitBreakerModule.forRoot({
      defaults: { openDuration: '20s' },
      presets: {
        warehouse: {
          window: { type: 'time', duration: '30s', buckets: 30 },
          failureCount: 5,
          slowCallDuration: '500ms',
        },
      },
      circuits: {
        'payment-gateway': {
          preset: 'paymentGateway',
          minimumCalls: 10,
          slowCallDuration: '500ms',
          openDuration: '30s',
          halfOpen: { calls: 6, concurrency: 2 },
        },
        inventory: {
          preset: 'production',
          openDuration: '10s',
          critical: true,
        },
        stock: { preset: 'warehouse' },
      },
      env: { prefix: 'CIRCUIT_BREAKER' },
      configSource: new ConfigurationServer(settings.configurationUrl),
    }),
    CircuitBreakerPrometheusModule.forRoot({ path: '/metrics' }),
    CircuitBreakerOpenTelemetryModule.forRoot({ metrics: false }),
    CircuitBreakerDashboardModule.forRoot({
      path: '/circuits',
      authorize: (request: IncomingMessage) =>
        isOperator(request) && 'operator',
    }),
    OrdersModule,
    ProductsModule,
    CircuitsModule,
    HealthModule,
    PanelModule,
    TracingModule,
  ],
})
export class AppModule {}
