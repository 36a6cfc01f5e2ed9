import type { CircuitDependencies } from '../circuit/circuit-dependencies.js';

/** What the circuits of a registry stand on; all of it can be replaced. */
export type RegistryDependencies = Omit<
  CircuitDependencies,
  'key' | 'isShared' | 'keyed'
>;

/**
 * Where a registry finds its dependencies, if a global module provides some: a
 * clock for tests, a coordinator for a fleet.
 *
 * @internal
 */
export const REGISTRY_DEPENDENCIES: unique symbol = Symbol.for(
  'nestjs-breaker:dependencies',
);
