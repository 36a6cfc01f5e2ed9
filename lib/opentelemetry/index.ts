export type { CircuitBreakerOpenTelemetryOptions } from './open-telemetry-options.js';
export { CircuitBreakerOpenTelemetryModule } from './open-telemetry.module.js';
export type { CircuitBreakerOpenTelemetryOptionsFactory } from './open-telemetry.module-definition.js';
