export { CIRCUIT_BREAKER_METRICS_REGISTRY } from './metrics-registry-token.js';
export type { CircuitBreakerPrometheusOptions } from './prometheus-options.js';
export { CircuitBreakerPrometheusModule } from './circuit-breaker-prometheus.module.js';
export type { CircuitBreakerPrometheusOptionsFactory } from './circuit-breaker-prometheus.module-definition.js';
