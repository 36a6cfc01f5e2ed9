import {
  Inject,
  Module,
  type DynamicModule,
  type OnApplicationShutdown,
  type OnModuleInit,
} from '@nestjs/common';
import { ModuleRef } from '@nestjs/core';
import { metrics } from '@opentelemetry/api';
import { applicationRegistry } from '../registry/application-registry.js';
import { parseOptions } from '../state/parse-options.js';
import {
  openTelemetryOptionsSchema,
  type CircuitBreakerOpenTelemetryOptions,
} from './open-telemetry-options.js';
import {
  ConfigurableModuleClass,
  MODULE_OPTIONS_TOKEN,
  OPTIONS_TYPE,
} from './circuit-breaker-open-telemetry.module-definition.js';
import { ReportedMetrics } from './reported-metrics.js';
import { addSpanEvents } from './span-events.js';

/** The instrumentation scope of our metrics. */
const METER_NAME = 'nestjs-breaker';

/**
 * Metrics of all circuits, and events on spans, for OpenTelemetry. Start the SDK
 * before the application.
 *
 * @example
 * imports: [
 *   CircuitBreakerModule.forRoot(),
 *   CircuitBreakerOpenTelemetryModule.forRoot(),
 * ]
 */
@Module({})
export class CircuitBreakerOpenTelemetryModule
  extends ConfigurableModuleClass
  implements OnModuleInit, OnApplicationShutdown
{
  private readonly stops: (() => void)[] = [];

  constructor(
    @Inject(MODULE_OPTIONS_TOKEN)
    private readonly options: CircuitBreakerOpenTelemetryOptions,
    @Inject(ModuleRef)
    private readonly moduleRef: ModuleRef,
  ) {
    super();
  }

  /** For the root module, beside `CircuitBreakerModule.forRoot()`. */
  static override forRoot(options: typeof OPTIONS_TYPE = {}): DynamicModule {
    return super.forRoot(options);
  }

  /**
   * @throws InvalidOptionsError that lists every bad option
   * @throws Error without `CircuitBreakerModule`
   */
  onModuleInit(): void {
    const rules = parseOptions(
      openTelemetryOptionsSchema,
      this.options,
      'CircuitBreakerOpenTelemetryModule',
    );
    const circuits = applicationRegistry(
      this.moduleRef,
      'CircuitBreakerOpenTelemetryModule',
    );
    if (rules.metrics) {
      const provider = rules.meterProvider ?? metrics.getMeterProvider();
      const meter = provider.getMeter(METER_NAME);
      this.stops.push(ReportedMetrics.of(meter, rules).add(circuits));
    }
    if (rules.spanEvents) this.stops.push(addSpanEvents(circuits));
  }

  /** A closed application reports no more. */
  onApplicationShutdown(): void {
    // Each once: Nest calls this again when the application is closed again.
    for (const stop of this.stops.splice(0)) stop();
  }
}
