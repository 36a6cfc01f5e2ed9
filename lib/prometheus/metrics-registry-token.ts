/** The registry of prom-client that has the metrics of the circuits; for `@Inject`. */
export const CIRCUIT_BREAKER_METRICS_REGISTRY: unique symbol = Symbol.for(
  'nestjs-breaker:metrics-registry',
);
