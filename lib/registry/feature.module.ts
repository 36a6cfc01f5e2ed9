import { Inject, Module } from '@nestjs/common';
import { ModulesContainer } from '@nestjs/core';
import type { CircuitBreakerRegistry } from './circuit-breaker.registry.js';
import { featureCircuits } from './feature-circuits.js';
import { CIRCUIT_BREAKER_REGISTRY } from './registry-token.js';

/**
 * What `forFeature` makes. The registry finds what it declares when it is built;
 * only a module that is loaded later, by `LazyModuleLoader`, has to tell.
 *
 * @internal
 */
@Module({})
export class FeatureModule {
  constructor(@Inject(ModulesContainer) modules: ModulesContainer) {
    const registry = registryIn(modules);
    if (registry === 'missing') {
      throw new Error(
        'CircuitBreakerModule.forFeature() needs CircuitBreakerModule.forRoot() in the imports of the root module.',
      );
    }
    registry?.declareFeatures(featureCircuits(modules));
  }
}

/** `undefined` while it is not built yet. */
function registryIn(
  modules: ModulesContainer,
): CircuitBreakerRegistry | 'missing' | undefined {
  for (const { providers } of modules.values()) {
    const provider = providers.get(CIRCUIT_BREAKER_REGISTRY);
    if (provider !== undefined) {
      return (provider.instance ?? undefined) as
        CircuitBreakerRegistry | undefined;
    }
  }
  return 'missing';
}
