import type { InvalidOptionsError } from '../../lib/errors/invalid-options.error.js';
import { CircuitBreakerRegistry } from '../../lib/registry/circuit-breaker.registry.js';
import type {
  CircuitDeclaration,
  Declarer,
} from '../../lib/registry/circuit-declaration.js';
import { Declarations } from '../../lib/registry/declarations.js';
import type { Variables } from '../../lib/registry/environment.js';
import type { CircuitBreakerModuleOptions } from '../../lib/registry/module-options.js';
import { VirtualClock } from './virtual-clock.js';

/** A declaration of a test, and who makes it. */
export type TestDeclaration = CircuitDeclaration & {
  readonly by?: Declarer;
};

/** A registry on a virtual clock, without Nest. */
export class RegistryBench {
  readonly clock = new VirtualClock();
  readonly warnings: string[] = [];
  readonly errors: string[] = [];
  readonly registry: CircuitBreakerRegistry;

  constructor(
    options: CircuitBreakerModuleOptions = {},
    declared: readonly TestDeclaration[] = [],
    variables: Variables = {},
  ) {
    const declarations = new Declarations(options, variables);
    for (const { by = 'decorator', ...declaration } of declared) {
      declarations.add(by, declaration);
    }
    declarations.check();
    this.registry = new CircuitBreakerRegistry(declarations, {
      clock: this.clock,
      random: () => 0,
      logger: {
        warn: message => void this.warnings.push(message),
        error: message => void this.errors.push(message),
      },
    });
  }
}

/** What `run` throws. */
export function errorFrom<E = InvalidOptionsError>(run: () => unknown): E {
  try {
    run();
  } catch (error) {
    return error as E;
  }
  throw new Error('nothing was thrown');
}

/** The lines of the problems that `run` is refused for. */
export function problemsFrom(run: () => unknown): string[] {
  return errorFrom(run).problems.map(
    ({ path, message }) => `${path}: ${message}`,
  );
}
