import {
  Inject,
  Module,
  type DynamicModule,
  type OnApplicationShutdown,
  type OnModuleInit,
} from '@nestjs/common';
import { ModuleRef } from '@nestjs/core';
import { Registry } from 'prom-client';
import { applicationRegistry } from '../registry/application-registry.js';
import { parseOptions } from '../state/parse-options.js';
import { CIRCUIT_BREAKER_METRICS_REGISTRY } from './metrics-registry-token.js';
import {
  prometheusOptionsSchema,
  type CircuitBreakerPrometheusOptions,
} from './prometheus-options.js';
import {
  ASYNC_OPTIONS_TYPE,
  ConfigurableModuleClass,
  MODULE_OPTIONS_TOKEN,
  OPTIONS_TYPE,
} from './circuit-breaker-prometheus.module-definition.js';
import { RegisteredMetrics } from './registered-metrics.js';

/**
 * Metrics of all circuits for Prometheus.
 *
 * @example
 * imports: [
 *   CircuitBreakerModule.forRoot(),
 *   CircuitBreakerPrometheusModule.forRoot({ path: '/metrics' }),
 * ]
 */
@Module({})
export class CircuitBreakerPrometheusModule
  extends ConfigurableModuleClass
  implements OnModuleInit, OnApplicationShutdown
{
  private stop: (() => void) | undefined;

  constructor(
    @Inject(MODULE_OPTIONS_TOKEN)
    private readonly options: CircuitBreakerPrometheusOptions,
    @Inject(CIRCUIT_BREAKER_METRICS_REGISTRY)
    private readonly target: Registry,
    @Inject(ModuleRef)
    private readonly moduleRef: ModuleRef,
  ) {
    super();
  }

  /**
   * For the root module, beside `CircuitBreakerModule.forRoot()`.
   *
   * @param options without any, the metrics are in a registry of their own, which
   *   can be injected with `CIRCUIT_BREAKER_METRICS_REGISTRY`
   */
  static override forRoot(options: typeof OPTIONS_TYPE = {}): DynamicModule {
    return withRegistry(super.forRoot(options));
  }

  /** As {@link forRoot}, with options that come from other providers; `path` stands beside the factory. */
  static override forRootAsync(
    options: typeof ASYNC_OPTIONS_TYPE,
  ): DynamicModule {
    return withRegistry(super.forRootAsync(options));
  }

  /**
   * @throws InvalidOptionsError that lists every bad option
   * @throws Error without `CircuitBreakerModule`, or if a metric of somebody else has one of the names
   */
  onModuleInit(): void {
    const circuits = applicationRegistry(
      this.moduleRef,
      'CircuitBreakerPrometheusModule',
    );
    this.stop = RegisteredMetrics.in(this.target, parse(this.options)).add(
      circuits,
    );
  }

  /** The circuits of a closed application are measured no more. */
  onApplicationShutdown(): void {
    this.stop?.();
    // Nest calls this again when the application is closed again.
    this.stop = undefined;
  }
}

function withRegistry(definition: DynamicModule): DynamicModule {
  return {
    ...definition,
    providers: [
      ...definition.providers!,
      {
        provide: CIRCUIT_BREAKER_METRICS_REGISTRY,
        inject: [MODULE_OPTIONS_TOKEN],
        useFactory: (options: CircuitBreakerPrometheusOptions) =>
          parse(options).registry ?? new Registry(),
      },
    ],
    exports: [CIRCUIT_BREAKER_METRICS_REGISTRY],
  };
}

function parse(options: CircuitBreakerPrometheusOptions) {
  return parseOptions(
    prometheusOptionsSchema,
    options,
    'CircuitBreakerPrometheusModule',
  );
}
