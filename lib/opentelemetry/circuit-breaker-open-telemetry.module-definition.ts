import { ConfigurableModuleBuilder } from '@nestjs/common';
import type { CircuitBreakerOpenTelemetryOptions } from './open-telemetry-options.js';

/** What `forRootAsync({ useClass | useExisting })` is given. */
export interface CircuitBreakerOpenTelemetryOptionsFactory {
  create():
    | CircuitBreakerOpenTelemetryOptions
    | Promise<CircuitBreakerOpenTelemetryOptions>;
}

export const { ConfigurableModuleClass, MODULE_OPTIONS_TOKEN, OPTIONS_TYPE } =
  new ConfigurableModuleBuilder<CircuitBreakerOpenTelemetryOptions>({
    optionsInjectionToken: Symbol.for('nestjs-breaker:opentelemetry-options'),
  })
    .setClassMethodName('forRoot')
    .build();
