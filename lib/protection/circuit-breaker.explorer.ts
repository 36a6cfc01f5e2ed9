import {
  Inject,
  Injectable,
  type OnApplicationShutdown,
  type OnModuleInit,
} from '@nestjs/common';
import { ModuleRef, ModulesContainer } from '@nestjs/core';
import type { InstanceWrapper } from '@nestjs/core/injector/instance-wrapper.js';
import {
  InvalidOptionsError,
  type OptionProblem,
} from '../errors/invalid-options.error.js';
import type { CircuitBreakerRegistry } from '../registry/circuit-breaker.registry.js';
import { fallbackProblemsOf } from './fallback-problems.js';
import { findRegistry } from './find-registry.js';
import { InstanceAdopter } from './instance-adopter.js';
import { optionsOf, problemsOf } from './protection.js';
import { protectionsOf, type FoundProtection } from './protections-of.js';
import { protectionMessages } from './protection.messages.js';

/**
 * Finds everything decorated in the application at its start: tells the registry
 * the circuits, tells the user all mistakes at once, and adopts the instances
 * that Nest did not make itself.
 *
 * @internal
 */
@Injectable()
export class CircuitBreakerExplorer
  implements OnModuleInit, OnApplicationShutdown
{
  private readonly adopter: InstanceAdopter;
  private isExplored = false;

  constructor(
    @Inject(ModuleRef) private readonly moduleRef: ModuleRef,
    @Inject(ModulesContainer) private readonly modules: ModulesContainer,
  ) {
    this.adopter = new InstanceAdopter(moduleRef);
  }

  onModuleInit(): void {
    this.explore();
  }

  onApplicationShutdown(): void {
    this.adopter.release();
  }

  /**
   * Once for an application, as early as can be: an application with HTTP has its
   * modules configured before any hook runs, others have the hook alone.
   *
   * @throws InvalidOptionsError with every mistake in a decorator
   * @throws Error if an object is a provider of another running application, too
   */
  explore(): void {
    if (this.isExplored) return;
    this.isExplored = true;
    const registry = findRegistry(this.moduleRef, '@CircuitBreaker()');
    // While Nest only draws the graph of an application, nothing is instantiated.
    if (registry === undefined) return;
    const wrappers = this.wrappers();
    const problems = declareAll(wrappers, registry);
    if (problems.length > 0) {
      throw new InvalidOptionsError('@CircuitBreaker()', problems);
    }
    this.adopter.adoptAll(
      wrappers.filter(({ isNotMetatype }) => isNotMetatype),
    );
  }

  private wrappers(): InstanceWrapper[] {
    return [...this.modules.values()]
      .flatMap(({ providers, controllers, injectables }) => [
        ...providers.values(),
        ...controllers.values(),
        ...injectables.values(),
      ])
      .filter(({ isAlias }) => !isAlias) as InstanceWrapper[];
  }
}

/** @returns all that is wrong; the registry then knows only some of the circuits, and the start is stopped */
function declareAll(
  wrappers: readonly InstanceWrapper[],
  registry: CircuitBreakerRegistry,
): OptionProblem[] {
  const instances = new Map<object, object | undefined>();
  for (const wrapper of wrappers) {
    const [prototype, instance] = classOf(wrapper);
    if (prototype !== undefined && !instances.get(prototype)) {
      instances.set(prototype, instance);
    }
  }
  const owners = new Map<string, object>();
  return [...instances].flatMap(([prototype, instance]) =>
    protectionsOf(prototype).flatMap(found => [
      ...examine(found, prototype, instance, registry),
      ...nameProblemsOf(found, owners),
    ]),
  );
}

function examine(
  { key, protection }: FoundProtection,
  prototype: object,
  instance: object | undefined,
  registry: CircuitBreakerRegistry,
): readonly OptionProblem[] {
  const { circuit, source } = protection;
  const problems = problemsOf(protection);
  if (problems.length > 0) return problems;
  try {
    registry.declare(circuit, optionsOf(protection).circuit, source);
  } catch (error) {
    if (!(error instanceof InvalidOptionsError)) throw error;
    return error.problems;
  }
  return fallbackProblemsOf(prototype, key, protection, instance);
}

/** Two classes of one name would share a circuit that nobody asked for. */
function nameProblemsOf(
  { owner, protection }: FoundProtection,
  owners: Map<string, object>,
): OptionProblem[] {
  const { circuit, isDefaultName, source } = protection;
  if (!isDefaultName) return [];
  const other = owners.get(circuit) ?? owner;
  owners.set(circuit, other);
  return other === owner
    ? []
    : [
        {
          path: source,
          message: protectionMessages.sharedDefaultName(circuit),
        },
      ];
}

/** The prototype of what a provider makes, and the instance if there is one for all. */
function classOf(
  wrapper: InstanceWrapper,
): readonly [prototype?: object, instance?: object | undefined] {
  const instance: unknown = wrapper.isDependencyTreeStatic()
    ? wrapper.instance
    : undefined;
  const object =
    typeof instance === 'object' && instance !== null ? instance : undefined;
  const prototype: unknown = wrapper.isNotMetatype
    ? object && Object.getPrototypeOf(object)
    : (wrapper.metatype as Function).prototype;
  return typeof prototype === 'object' && prototype !== null
    ? [prototype, object]
    : [];
}
