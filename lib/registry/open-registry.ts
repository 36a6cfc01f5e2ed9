import type { ModulesContainer } from '@nestjs/core';
import { CircuitBreakerRegistry } from './circuit-breaker.registry.js';
import type { CircuitDeclaration } from './circuit-declaration.js';
import { Declarations } from './declarations.js';
import type { Variables } from './environment.js';
import { featureCircuits, type NestModule } from './feature-circuits.js';
import { getCircuitToken, injectedCircuits } from './inject-circuit.js';
import type { CircuitBreakerModuleOptions } from './module-options.js';
import type { RegistryDependencies } from './registry-dependencies.js';
import { CIRCUIT_BREAKER_REGISTRY } from './registry-token.js';

/** Where the circuits of an application come from. */
export interface RegistrySources {
  /** What `forRoot` was given. */
  readonly options: CircuitBreakerModuleOptions;
  /** What `env` reads. */
  readonly variables: Variables;
  /** The application, scanned; nothing of it needs to be instantiated. */
  readonly modules: ModulesContainer;
  /** What its decorators declare. */
  readonly decorated: Iterable<CircuitDeclaration>;
  readonly dependencies?: RegistryDependencies | undefined;
}

/**
 * Builds an application's registry before any of its providers is made: then
 * constructors can use it, and one error tells of every mistake.
 *
 * @throws InvalidOptionsError with everything that is wrong
 */
export function openRegistry({
  options,
  variables,
  modules,
  decorated,
  dependencies,
}: RegistrySources): CircuitBreakerRegistry {
  refuseSecondRoot(modules);
  const declarations = new Declarations(options, variables);
  for (const each of featureCircuits(modules))
    declarations.add('feature', each);
  for (const each of decorated) declarations.add('decorator', each);
  for (const { name, host } of injections(modules)) {
    declarations.want(name, host);
  }
  declarations.check();
  const { cacheStore } = options;
  const registry = new CircuitBreakerRegistry(declarations, {
    cacheStore,
    ...dependencies,
  });
  registry.warnOfOptions();
  return registry;
}

/** Each would have circuits of its own, and it would be chance whose a method finds. */
function refuseSecondRoot(modules: ModulesContainer): void {
  const roots = [...modules.values()].filter(({ providers }) =>
    providers.has(CIRCUIT_BREAKER_REGISTRY),
  );
  if (roots.length > 1) {
    throw new Error(
      `CircuitBreakerModule.forRoot() is imported ${roots.length} times in this application. Import it once, in the root module; elsewhere use CircuitBreakerModule.forFeature().`,
    );
  }
}

/** Who injects which circuit from us; a circuit that a module provides by itself, as tests do, is none of ours. */
function injections(
  modules: ModulesContainer,
): { name: string; host: string }[] {
  return [...modules.values()].flatMap(module =>
    [...classesOf(module)].flatMap(host =>
      injectedCircuits(host)
        .filter(name => !module.providers.has(getCircuitToken(name)))
        .map(name => ({ name, host: host.name })),
    ),
  );
}

function classesOf({
  metatype,
  providers,
  controllers,
  injectables,
}: NestModule): Set<Function> {
  const classes = new Set<Function>([metatype]);
  for (const group of [providers, controllers, injectables]) {
    for (const wrapper of group.values()) {
      if (!wrapper.isNotMetatype && typeof wrapper.metatype === 'function') {
        classes.add(wrapper.metatype);
      }
    }
  }
  return classes;
}
