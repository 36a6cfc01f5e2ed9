export { CIRCUIT_BREAKER_METRICS_REGISTRY } from './metrics-registry-token.js';
export type { CircuitBreakerPrometheusOptions } from './prometheus-options.js';
export { CircuitBreakerPrometheusModule } from './prometheus.module.js';
export type { CircuitBreakerPrometheusOptionsFactory } from './prometheus.module-definition.js';
