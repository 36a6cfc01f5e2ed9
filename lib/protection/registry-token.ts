/**
 * Where a decorated method finds its application's registry. Not the class: two
 * copies of this package (an ESM and a CommonJS build) have two classes, and
 * while an application is built the class's instance is a placeholder whose
 * constructor has not run, whereas an alias is empty until it is ready.
 */
export const CIRCUIT_BREAKER_REGISTRY: unique symbol = Symbol.for(
  'nestjs-breaker:registry',
);
