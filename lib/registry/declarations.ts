import {
  InvalidOptionsError,
  type OptionProblem,
} from '../errors/invalid-options.error.js';
import {
  circuitOptionsSchema,
  type CircuitOptions,
} from '../state/circuit-options.js';
import { closestName } from '../state/closest-name.js';
import { isMergeable } from '../state/merge-options.js';
import { formatPath } from '../state/option-problems.js';
import { parseOptions } from '../state/parse-options.js';
import type { CircuitDeclaration, Declarer } from './circuit-declaration.js';
import { CircuitEntry, type PreparedEntry } from './circuit-entry.js';
import { nameProblems } from './circuit-name.js';
import { Environment, type Variables } from './environment.js';
import { readLive } from './live-layers.js';
import type { CircuitBreakerModuleOptions } from './module-options.js';
import type { PresetCircuitOptions } from './presets.js';
import { RootOptions } from './root-options.js';

/** Options that a configuration source gives, checked and not yet in force. */
export interface PreparedOptions {
  /** The circuits whose options are others than before. */
  readonly changed: ReadonlyMap<string, CircuitOptions>;
  /** Puts them in force. */
  commit(): void;
}

/**
 * Every circuit that the application declares, and its options from wherever
 * they come. Weakest first: built-in defaults, `defaults`, preset,
 * `circuits[name]`, `forFeature`, decorator, environment, configuration source,
 * `configure`.
 */
export class Declarations {
  private readonly root: RootOptions;
  private readonly environment: Environment | undefined;
  private readonly entries = new Map<string, CircuitEntry>();
  private readonly wanted: { name: string; place: string }[] = [];

  /**
   * @param options what `forRoot` was given
   * @param variables what `env` reads
   */
  constructor(
    options: CircuitBreakerModuleOptions = {},
    variables: Variables = {},
  ) {
    this.root = new RootOptions(options);
    const { envPrefix, circuits } = this.root;
    if (envPrefix !== undefined) {
      this.environment = new Environment(envPrefix, variables);
    }
    for (const [name, own] of circuits) {
      this.enter(name, own, ['circuits', name]);
    }
  }

  has(name: string): boolean {
    return this.entries.has(name);
  }

  names(): string[] {
    return [...this.entries.keys()];
  }

  /** The declared name that resembles one most. */
  closestTo(name: string): string | undefined {
    return closestName(name, this.entries.keys());
  }

  /** The options of a declared circuit, sealed. */
  optionsOf(name: string): CircuitOptions {
    return this.entries.get(name)!.options;
  }

  /** Adds a declaration; {@link check} tells what is wrong with it. */
  add(declarer: Declarer, declaration: CircuitDeclaration): void {
    const { name } = declaration;
    const entry = this.entries.get(name) ?? this.enter(name);
    entry.add(declarer, declaration);
  }

  /** Whether a declaration has been added before. */
  isKnown(declarer: Declarer, declaration: CircuitDeclaration): boolean {
    const entry = this.entries.get(declaration.name);
    return entry?.isKnown(declarer, declaration) ?? false;
  }

  /**
   * Adds a declaration after the start.
   *
   * @throws InvalidOptionsError if it is wrong; it is not kept then
   */
  addLate(declarer: Declarer, declaration: CircuitDeclaration): void {
    const { name } = declaration;
    const known = this.entries.get(name);
    const entry = known ?? this.enter(name);
    entry.add(declarer, declaration);
    const { problems } = entry;
    if (problems.length === 0) return;
    if (known === undefined) this.entries.delete(name);
    else known.retract(declarer);
    throw new InvalidOptionsError(`Circuit "${name}"`, problems);
  }

  /** Notes that some place needs a circuit, whoever declares it. */
  want(name: string, place: string): void {
    this.wanted.push({ name, place });
  }

  /**
   * Creates a circuit's entry at run time, over `defaults`.
   *
   * @throws InvalidOptionsError
   */
  create(name: string, options: PresetCircuitOptions = {}): void {
    if (typeof name !== 'string') {
      throw new InvalidOptionsError('A circuit', nameProblems(name, undefined));
    }
    const subject = `Circuit "${name}"`;
    if (!isMergeable(options)) {
      parseOptions(circuitOptionsSchema, options, subject);
    }
    const { problems } = this.enter(name, options);
    if (problems.length === 0) return;
    this.entries.delete(name);
    throw new InvalidOptionsError(subject, problems);
  }

  /**
   * Examines a patch over everything that a declared circuit has.
   *
   * @param renewed options of which nothing stays that was configured before
   * @returns puts it in force for circuits to come
   * @throws InvalidOptionsError if it does not fit; nothing has changed then
   */
  preparePatch(
    name: string,
    patch: CircuitOptions,
    renewed: readonly string[],
  ): () => void {
    return this.entries.get(name)!.preparePatch(patch, renewed);
  }

  /**
   * Checks what a configuration source gives, in the place of what it gave before.
   *
   * @throws InvalidOptionsError with everything that is wrong; nothing has changed then
   */
  prepareLive(given: unknown): PreparedOptions {
    const { problems: misfits, found } = readLive(given, this.root);
    const problems = [...misfits];
    for (const name of found.keys()) {
      if (!this.entries.has(name)) problems.push(this.unknownLive(name));
    }
    const changed = new Map<string, CircuitOptions>();
    const prepared: PreparedEntry[] = [];
    for (const [name, entry] of this.entries) {
      const next = entry.prepareLive(found.get(name));
      prepared.push(next);
      problems.push(...next.problems);
      if (next.options !== undefined) changed.set(name, next.options);
    }
    if (problems.length > 0) {
      throw new InvalidOptionsError('Configuration source', problems);
    }
    return {
      changed,
      commit: () => {
        for (const each of prepared) each.commit();
      },
    };
  }

  /**
   * Tells everything that is wrong, wherever it stands, in one error.
   *
   * @throws InvalidOptionsError
   */
  check(): void {
    const problems = [
      ...this.root.problems,
      ...Array.from(this.entries.values(), entry => entry.problems).flat(),
      ...this.missing(),
      ...(this.environment?.problemsWith(this.names()) ?? []),
    ];
    if (problems.length === 0) return;
    // Circuits that share a bad layer all find it.
    const distinct = new Map(
      problems.map(problem => [`${problem.path}: ${problem.message}`, problem]),
    );
    throw new InvalidOptionsError('CircuitBreakerModule', [
      ...distinct.values(),
    ]);
  }

  private enter(
    name: string,
    own: PresetCircuitOptions = {},
    path: readonly string[] = [],
  ): CircuitEntry {
    const root = this.root.under(own, ...path);
    const entry = new CircuitEntry(name, root, this.environment);
    this.entries.set(name, entry);
    return entry;
  }

  private missing(): OptionProblem[] {
    return this.wanted
      .filter(({ name }) => !this.entries.has(name))
      .map(({ name, place }) => {
        const closest = this.closestTo(name);
        return {
          path: place,
          message:
            `asks for circuit "${name}", which nothing declares; ` +
            (closest === undefined
              ? 'declare it in forRoot({ circuits }), in forFeature() or in a @CircuitBreaker() decorator'
              : `did you mean "${closest}"?`),
        };
      });
  }

  private unknownLive(name: string): OptionProblem {
    const closest = this.closestTo(name);
    return {
      path: formatPath(['circuits', name]),
      message:
        'nothing declares such a circuit; ' +
        (closest === undefined
          ? `there are: ${this.names().join(', ')}`
          : `did you mean "${closest}"?`),
    };
  }
}
