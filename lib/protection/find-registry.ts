import { Logger } from '@nestjs/common';
import { ModulesContainer, type ModuleRef } from '@nestjs/core';
import type { CircuitBreakerRegistry } from '../registry/circuit-breaker.registry.js';
import { protectionMessages } from './protection.messages.js';
import { CIRCUIT_BREAKER_REGISTRY } from '../registry/registry-token.js';

const registries = new WeakMap<ModuleRef, CircuitBreakerRegistry>();
const withoutModule = new WeakSet<ModuleRef>();
const applicationsTold = new WeakSet<object>();

/**
 * The registry of the application that a `ModuleRef` belongs to. That it is not
 * there yet is never remembered: the application is still being built.
 *
 * @param source what is left unprotected without the module, e.g. `Payments.charge`
 * @returns `undefined` while the application is built and, after an error in
 *   the log (one for each application), where the module is missing
 */
export function findRegistry(
  moduleRef: ModuleRef,
  source: () => string,
): CircuitBreakerRegistry | undefined {
  const known = registries.get(moduleRef);
  if (known !== undefined || withoutModule.has(moduleRef)) return known;
  let registry: CircuitBreakerRegistry | null;
  try {
    registry = moduleRef.get<CircuitBreakerRegistry>(CIRCUIT_BREAKER_REGISTRY, {
      strict: false,
    });
  } catch {
    // A `ModuleRef` knows all providers from its first use on: none will come.
    withoutModule.add(moduleRef);
    reportMissingModule(moduleRef, source());
    return undefined;
  }
  if (registry === null) return undefined;
  registries.set(moduleRef, registry);
  return registry;
}

function reportMissingModule(moduleRef: ModuleRef, source: string): void {
  const application = moduleRef.get(ModulesContainer, { strict: false });
  if (applicationsTold.has(application)) return;
  applicationsTold.add(application);
  new Logger('CircuitBreaker').error(
    protectionMessages.moduleIsMissing(source),
  );
}
