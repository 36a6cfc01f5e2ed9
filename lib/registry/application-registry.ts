import type { ModuleRef } from '@nestjs/core';
import type { CircuitBreakerRegistry } from './circuit-breaker.registry.js';
import { CIRCUIT_BREAKER_REGISTRY } from './registry-token.js';

/**
 * The registry of an application, also where `CircuitBreakerModule` is not global.
 *
 * @param forWhom who needs it, as the error calls it
 * @throws Error that names `forRoot()` if the application has none
 */
export function applicationRegistry(
  moduleRef: ModuleRef,
  forWhom: string,
): CircuitBreakerRegistry {
  try {
    return moduleRef.get<CircuitBreakerRegistry>(CIRCUIT_BREAKER_REGISTRY, {
      strict: false,
    });
  } catch (cause) {
    throw new Error(
      `${forWhom} finds no circuits: import CircuitBreakerModule.forRoot() in the root module, too.`,
      { cause },
    );
  }
}
