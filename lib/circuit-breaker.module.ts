import {
  Inject,
  Module,
  type DynamicModule,
  type OnApplicationShutdown,
} from '@nestjs/common';
import { ModulesContainer } from '@nestjs/core';
import {
  ASYNC_OPTIONS_TYPE,
  ConfigurableModuleClass,
  MODULE_OPTIONS_TOKEN,
  OPTIONS_TYPE,
} from './circuit-breaker.module-definition.js';
import { declaredCircuits } from './protection/declared-circuits.js';
import { ProtectionModule } from './protection/protection.module.js';
import { CircuitBreakerRegistry } from './registry/circuit-breaker.registry.js';
import {
  FEATURE_CIRCUITS,
  type FeatureCircuit,
} from './registry/feature-circuits.js';
import { FeatureModule } from './registry/feature.module.js';
import { circuitProviders } from './registry/inject-circuit.js';
import { LiveConfiguration } from './registry/live-configuration.js';
import {
  moduleOptionsSchema,
  type CircuitBreakerModuleOptions,
} from './registry/module-options.js';
import { openRegistry } from './registry/open-registry.js';
import {
  REGISTRY_DEPENDENCIES,
  type RegistryDependencies,
} from './registry/registry-dependencies.js';
import { CIRCUIT_BREAKER_REGISTRY } from './registry/registry-token.js';
import { logTransitions } from './registry/transition-log.js';
import { isMergeable } from './state/merge-options.js';
import { parseOptions } from './state/parse-options.js';

/**
 * Gives an application its circuits.
 *
 * @example
 * imports: [CircuitBreakerModule.forRoot({ circuits: { 'payment-gateway': { openDuration: '30s' } } })]
 */
@Module({})
export class CircuitBreakerModule
  extends ConfigurableModuleClass
  implements OnApplicationShutdown
{
  constructor(
    @Inject(CIRCUIT_BREAKER_REGISTRY)
    private readonly registry: CircuitBreakerRegistry,
  ) {
    super();
  }

  /**
   * For the root module; global unless `isGlobal` is false. A mistake in the
   * options stops the start of the application, with all others in one message.
   *
   * @param options without any, every circuit has the defaults
   */
  static override forRoot(options: typeof OPTIONS_TYPE = {}): DynamicModule {
    if (!isMergeable(options)) {
      parseOptions(moduleOptionsSchema, options, 'CircuitBreakerModule');
    }
    return withCircuits(super.forRoot(options));
  }

  /** As {@link forRoot}, with options that come from other providers. */
  static override forRootAsync(
    options: typeof ASYNC_OPTIONS_TYPE,
  ): DynamicModule {
    return withCircuits(super.forRootAsync(options));
  }

  /**
   * Declares the circuits of one feature where it is, instead of in `forRoot`.
   * Features that disagree about a circuit stop the start.
   */
  static forFeature(circuits: readonly FeatureCircuit[]): DynamicModule {
    return {
      module: FeatureModule,
      providers: [{ provide: FEATURE_CIRCUITS, useValue: circuits }],
    };
  }

  /** Listeners of a closed application hear nothing more. */
  onApplicationShutdown(): void {
    this.registry.dispose();
  }
}

function withCircuits(definition: DynamicModule): DynamicModule {
  return {
    ...definition,
    imports: [...(definition.imports ?? []), ProtectionModule],
    // Read when Nest compiles the module: all files are loaded by then, and all names known that they inject.
    get providers() {
      return [
        ...definition.providers!,
        {
          provide: CircuitBreakerRegistry,
          inject: [
            MODULE_OPTIONS_TOKEN,
            ModulesContainer,
            { token: REGISTRY_DEPENDENCIES, optional: true },
          ],
          useFactory: createRegistry,
        },
        {
          provide: CIRCUIT_BREAKER_REGISTRY,
          useExisting: CircuitBreakerRegistry,
        },
        {
          provide: LiveConfiguration,
          inject: [
            MODULE_OPTIONS_TOKEN,
            CircuitBreakerRegistry,
            { token: REGISTRY_DEPENDENCIES, optional: true },
          ],
          useFactory: createLiveConfiguration,
        },
        ...circuitProviders(),
      ];
    },
    get exports() {
      return [
        CircuitBreakerRegistry,
        CIRCUIT_BREAKER_REGISTRY,
        ...circuitProviders().map(({ provide }) => provide),
      ];
    },
  };
}

/** Nest calls its hooks; without a source there is nothing to call. */
function createLiveConfiguration(
  { configSource }: CircuitBreakerModuleOptions,
  registry: CircuitBreakerRegistry,
  dependencies: RegistryDependencies | undefined,
): LiveConfiguration | null {
  if (configSource === undefined) return null;
  return new LiveConfiguration(configSource, {
    clock: dependencies?.clock,
    take: options => registry.takeLive(options),
  });
}

function createRegistry(
  options: CircuitBreakerModuleOptions,
  modules: ModulesContainer,
  dependencies: RegistryDependencies | undefined,
): CircuitBreakerRegistry {
  const registry = openRegistry({
    options,
    modules,
    dependencies,
    variables: process.env,
    decorated: declaredCircuits(modules),
  });
  registry.endWith(logTransitions(registry, undefined, dependencies?.clock));
  return registry;
}
