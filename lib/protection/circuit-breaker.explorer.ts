import {
  Inject,
  Injectable,
  type OnApplicationShutdown,
  type OnModuleInit,
} from '@nestjs/common';
import { ModuleRef, ModulesContainer } from '@nestjs/core';
import {
  InvalidOptionsError,
  type OptionProblem,
} from '../errors/invalid-options.error.js';
import type { CircuitBreakerRegistry } from '../registry/circuit-breaker.registry.js';
import { CIRCUIT_BREAKER_REGISTRY } from '../registry/registry-token.js';
import {
  declaredCircuits,
  type DecoratedCircuit,
} from './declared-circuits.js';
import { InstanceAdopter } from './instance-adopter.js';
import { wrappersOf } from './provider-classes.js';
import { useProblemsOf } from './use-problems.js';

/**
 * When everything is instantiated: tells the registry the circuits that it does
 * not know yet, and adopts the instances that Nest did not make itself.
 *
 * @internal
 */
@Injectable()
export class CircuitBreakerExplorer
  implements OnModuleInit, OnApplicationShutdown
{
  private adopter: InstanceAdopter | undefined;
  private isExplored = false;

  constructor(
    @Inject(ModuleRef) private readonly moduleRef: ModuleRef,
    @Inject(ModulesContainer) private readonly modules: ModulesContainer,
  ) {}

  onModuleInit(): void {
    this.explore();
  }

  onApplicationShutdown(): void {
    this.adopter?.release();
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
    const registry = this.moduleRef.get<CircuitBreakerRegistry | null>(
      CIRCUIT_BREAKER_REGISTRY,
      { strict: false },
    );
    // While Nest only draws the graph of an application, nothing is instantiated.
    if (registry === null) return;
    const wrappers = wrappersOf(this.modules);
    const problems = [
      ...declaredCircuits(this.modules).flatMap(declaration =>
        declare(registry, declaration),
      ),
      ...useProblemsOf(wrappers),
    ];
    if (problems.length > 0) {
      throw new InvalidOptionsError('@CircuitBreaker()', problems);
    }
    this.adopter = new InstanceAdopter(this.moduleRef, registry);
    this.adopter.adoptAll(wrappers);
  }
}

/** The registry knows most circuits since it was built, but not those of what factories made. */
function declare(
  registry: CircuitBreakerRegistry,
  { name, options, source, problems }: DecoratedCircuit,
): readonly OptionProblem[] {
  if (problems.length > 0) return problems;
  try {
    registry.declare(name, options, source);
    return [];
  } catch (error) {
    if (error instanceof InvalidOptionsError) return error.problems;
    throw error;
  }
}
