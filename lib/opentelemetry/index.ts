export type { CircuitBreakerOpenTelemetryOptions } from './open-telemetry-options.js';
export { CircuitBreakerOpenTelemetryModule } from './circuit-breaker-open-telemetry.module.js';
export type { CircuitBreakerOpenTelemetryOptionsFactory } from './circuit-breaker-open-telemetry.module-definition.js';
