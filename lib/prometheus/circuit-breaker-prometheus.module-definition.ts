import { ConfigurableModuleBuilder } from '@nestjs/common';
import { metricsController } from './metrics.controller.js';
import type { CircuitBreakerPrometheusOptions } from './prometheus-options.js';

/** What `forRootAsync({ useClass | useExisting })` is given. */
export interface CircuitBreakerPrometheusOptionsFactory {
  create():
    CircuitBreakerPrometheusOptions | Promise<CircuitBreakerPrometheusOptions>;
}

export const {
  ConfigurableModuleClass,
  MODULE_OPTIONS_TOKEN,
  OPTIONS_TYPE,
  ASYNC_OPTIONS_TYPE,
} = new ConfigurableModuleBuilder<CircuitBreakerPrometheusOptions>({
  optionsInjectionToken: Symbol.for('nestjs-breaker:prometheus-options'),
})
  .setClassMethodName('forRoot')
  .setExtras<{
    /**
     * Where the metrics are served, e.g. `'/metrics'`. Global prefixes, guards and
     * middleware apply to it as to any controller.
     *
     * @default nowhere
     */
    path?: string | undefined;
  }>({ path: undefined }, (definition, { path }) => ({
    ...definition,
    controllers: path === undefined ? [] : [metricsController(path)],
  }))
  .build();
