import { Controller, Get, Module } from '@nestjs/common';
import {
  InMemoryMetricExporter,
  AggregationTemporality,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics';
import { CircuitBreakerDashboardModule } from 'nestjs-breaker/dashboard';
import { CircuitBreakerOpenTelemetryModule } from 'nestjs-breaker/opentelemetry';
import { CircuitBreakerPrometheusModule } from 'nestjs-breaker/prometheus';
import {
  CircuitBreakerFleet,
  CircuitBreakerFleetModule,
} from 'nestjs-breaker/redis';

const reader = new PeriodicExportingMetricReader({
  exporter: new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE),
  exportIntervalMillis: 3_600_000,
});

@Controller('wings')
export class WingsController {
  constructor(private readonly fleet: CircuitBreakerFleet) {}

  @Get('opentelemetry')
  async openTelemetry(): Promise<string[]> {
    const { resourceMetrics } = await reader.collect();
    return resourceMetrics.scopeMetrics.flatMap(({ metrics }) =>
      metrics.map(({ descriptor }) => descriptor.name),
    );
  }

  @Get('fleet')
  state(): object {
    return { status: this.fleet.status };
  }
}

@Module({
  imports: [
    CircuitBreakerPrometheusModule.forRoot({ path: 'metrics' }),
    CircuitBreakerOpenTelemetryModule.forRoot({
      meterProvider: new MeterProvider({ readers: [reader] }),
    }),
    CircuitBreakerDashboardModule.forRoot({ path: 'dashboard' }),
    // Nobody answers there: a lost fleet fails no call.
    CircuitBreakerFleetModule.forRoot({
      connection: process.env['REDIS_URL'] ?? 'redis://127.0.0.1:1',
      namespace: `matrix-${process.pid}`,
    }),
  ],
  controllers: [WingsController],
})
export class WingsModule {}
