/**
 * Where everything but the user finds its application's registry. Not the class:
 * two copies of this package (an ESM and a CommonJS build) have two classes but
 * one such symbol.
 */
export const CIRCUIT_BREAKER_REGISTRY: unique symbol = Symbol.for(
  'nestjs-breaker:registry',
);
