import type { CacheStore } from '../policies/cache-store.js';
import type { CircuitRules } from '../state/circuit-options.js';
import { createClassifier, type Classifier } from '../state/classification.js';
import { steady, systemClock, type Clock } from '../state/clock.js';
import { StateMachine } from '../state/state-machine.js';
import type { CircuitDependencies } from './circuit-dependencies.js';
import type { OnceReporter } from './once-reporter.js';
import type { PipelineDependencies } from './pipeline.js';

/**
 * What a circuit lends to its machine, its pipeline and its policies. A class:
 * with a getter of its own an object literal is a dictionary, four times as large
 * (`bench/`, "idle, 10,000 circuits").
 */
export class CircuitHost implements PipelineDependencies {
  readonly machine: StateMachine;
  classify: Classifier;
  readonly clock: Clock;
  readonly random: () => number;
  readonly key: string | null;
  readonly cacheStore: CacheStore | undefined;
  readonly cachesNothing: boolean;
  readonly report: (what: string, error: unknown) => void;

  constructor(
    readonly name: string,
    rules: CircuitRules,
    private readonly reporter: OnceReporter,
    dependencies: CircuitDependencies,
  ) {
    this.clock = steady(dependencies.clock ?? systemClock);
    this.random = dependencies.random ?? Math.random;
    this.key = dependencies.key ?? null;
    this.cacheStore = dependencies.cacheStore;
    this.cachesNothing = dependencies.isShared === true;
    this.report = reporter.report;
    this.classify = createClassifier(rules, this.report);
    const { coordinator } = dependencies;
    this.machine = new StateMachine(name, this.key, rules, this, coordinator);
  }

  get captureStack(): boolean {
    return this.machine.rules.captureStack;
  }

  warn(message: string): void {
    this.reporter.warn(message);
  }

  /** Takes other rules. */
  configure(rules: CircuitRules): void {
    this.classify = createClassifier(rules, this.report);
    this.machine.configure(rules);
  }
}
