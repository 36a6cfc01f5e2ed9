export { CircuitBreakerFleet } from './circuit-breaker-fleet.js';
export { CircuitBreakerFleetModule } from './circuit-breaker-fleet.module.js';
export type { CircuitBreakerFleetOptionsFactory } from './circuit-breaker-fleet.module-definition.js';
export type { CircuitBreakerFleetOptions } from './fleet-options.js';
export type { FleetClient } from './redis-client.js';
export type { SharedViewStatus } from '../registry/registry-coordinator.js';
export type { SharedSnapshot } from '../state/coordinator.js';
