/**
 * Where a registry finds its dependencies, if a global module provides some: a
 * clock for tests, a coordinator for a fleet.
 *
 * @internal
 */
export const REGISTRY_DEPENDENCIES: unique symbol = Symbol.for(
  'nestjs-breaker:dependencies',
);
