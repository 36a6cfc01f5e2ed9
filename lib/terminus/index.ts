export {
  CircuitBreakerHealthIndicator,
  type CircuitHealthDetails,
  type CircuitHealthOptions,
} from './circuit-breaker.health.js';
export type { CircuitTrouble } from './circuit-trouble.js';
