import { isDeepStrictEqual } from 'node:util';
import {
  InvalidOptionsError,
  type OptionProblem,
} from '../errors/invalid-options.error.js';
import {
  circuitOptionsSchema,
  type CircuitOptions,
} from '../state/circuit-options.js';
import { closestName } from '../state/closest-name.js';
import { isMergeable, mergeOptions } from '../state/merge-options.js';
import { formatPath } from '../state/option-problems.js';
import { examineOptions, parseOptions } from '../state/parse-options.js';
import { quote } from '../state/quote.js';
import { liveOptionsSchema } from './config-source.js';
import { disagreements } from './disagreement.js';
import { Environment, type Variables } from './environment.js';
import { codeLayer, layOver, type LaidOver, type Layer } from './layers.js';
import type {
  CircuitBreakerModuleOptions,
  PresetCircuitOptions,
} from './module-options.js';
import { groupsIn, RootOptions, type FoundLayers } from './root-options.js';

/** A circuit that the code names, in a decorator or in `forFeature`. */
export interface CircuitDeclaration {
  /** The circuit's name. */
  readonly name: string;
  /** Circuit options only; without any, just the name is declared. */
  readonly options?: CircuitOptions | undefined;
  /** Where it stands, as messages call it, e.g. `Payments.charge`. */
  readonly source: string;
  /** What is wrong with it beside its circuit options. */
  readonly problems?: readonly OptionProblem[] | undefined;
}

/** Who declares in code; a decorator is stronger. */
export type Declarer = 'feature' | 'decorator';

/** What is known of one circuit. */
interface Entry {
  /** `defaults`, the preset, and `circuits[name]` or what `getOrCreate` was given. */
  readonly root: FoundLayers;
  readonly feature: CircuitDeclaration[];
  readonly decorator: CircuitDeclaration[];
  /** What a configuration source gives. */
  live: FoundLayers;
  /** All that `configure` was given. */
  configured: CircuitOptions;
  /** What everything comes to; computed when it is wanted. */
  options: CircuitOptions | undefined;
}

/** Options that a configuration source gives, checked and not yet in force. */
export interface PreparedOptions {
  /** The circuits whose options are others than before. */
  readonly changed: ReadonlyMap<string, CircuitOptions>;
  /** Puts them in force. */
  commit(): void;
}

const LONGEST_NAME = 300;
const NO_LAYERS: FoundLayers = { layers: [], problems: [] };

/**
 * Every circuit that the application declares, and its options from wherever
 * they come. Weakest first: built-in defaults, `defaults`, preset,
 * `circuits[name]`, `forFeature`, decorator, environment, configuration source,
 * `configure`.
 */
export class Declarations {
  private readonly root: RootOptions;
  private readonly environment: Environment | undefined;
  private readonly entries = new Map<string, Entry>();
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

  /** Adds a declaration; {@link check} tells what is wrong with it. */
  add(declarer: Declarer, declaration: CircuitDeclaration): void {
    const { name, options } = declaration;
    const entry = this.entries.get(name) ?? this.enter(name);
    entry[declarer].push({
      ...declaration,
      options: mergeOptions<CircuitOptions>({}, options),
    });
    entry.options = undefined;
  }

  /** Whether a declaration has been added before. */
  isKnown(
    declarer: Declarer,
    { name, source, options }: CircuitDeclaration,
  ): boolean {
    const given = mergeOptions<CircuitOptions>({}, options);
    const known = this.entries.get(name)?.[declarer] ?? [];
    return known.some(
      each => each.source === source && isDeepStrictEqual(each.options, given),
    );
  }

  /**
   * Adds a declaration after the start.
   *
   * @throws InvalidOptionsError if it is wrong; it is not kept then
   */
  addLate(declarer: Declarer, declaration: CircuitDeclaration): void {
    const { name } = declaration;
    const isNew = !this.entries.has(name);
    this.add(declarer, declaration);
    const problems = this.problemsOf(name);
    if (problems.length === 0) return;
    if (isNew) this.entries.delete(name);
    else this.retract(name, declarer);
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
    this.enter(name, options, []);
    const problems = this.problemsOf(name);
    if (problems.length === 0) return;
    this.entries.delete(name);
    throw new InvalidOptionsError(subject, problems);
  }

  /**
   * Lays a patch over everything that a circuit has.
   *
   * @throws InvalidOptionsError if it does not fit; nothing has changed then
   */
  configure(name: string, patch: CircuitOptions): void {
    const entry = this.entries.get(name)!;
    const options = mergeOptions(this.optionsOf(name), patch);
    parseOptions(circuitOptionsSchema, options, `Circuit "${name}"`);
    entry.configured = mergeOptions(entry.configured, patch);
    entry.options = layOver([{ options, place: formatPath }]).options;
  }

  /**
   * Checks what a configuration source gives, in the place of what it gave before.
   *
   * @throws InvalidOptionsError with everything that is wrong; nothing has changed then
   */
  prepareLive(given: unknown): PreparedOptions {
    const { problems, found } = readLive(given, this.root);
    const changed = new Map<string, CircuitOptions>();
    for (const name of found.keys()) {
      if (!this.entries.has(name)) problems.push(this.unknownLive(name));
    }
    for (const [name, entry] of this.entries) {
      const live = found.get(name) ?? NO_LAYERS;
      if (live === NO_LAYERS && entry.live === NO_LAYERS) continue;
      const laid = layOver(this.layersOf(name, { ...entry, live }));
      problems.push(...live.problems, ...laid.problems);
      if (!isDeepStrictEqual(laid.options, this.optionsOf(name))) {
        changed.set(name, laid.options);
      }
    }
    if (problems.length > 0) {
      throw new InvalidOptionsError('Configuration source', problems);
    }
    return {
      changed,
      commit: () => {
        for (const [name, entry] of this.entries) {
          entry.live = found.get(name) ?? NO_LAYERS;
          entry.options = changed.get(name) ?? entry.options;
        }
      },
    };
  }

  /** A circuit's options, sealed. */
  optionsOf(name: string): CircuitOptions {
    const entry = this.entries.get(name)!;
    return entry.options ?? this.lay(name, entry).options;
  }

  /**
   * Tells everything that is wrong, wherever it stands, in one error.
   *
   * @throws InvalidOptionsError
   */
  check(): void {
    const names = this.names();
    const problems = [
      ...this.root.problems,
      ...names.flatMap(name => this.problemsOf(name)),
      ...this.missing(),
      ...(this.environment?.problemsWith(names) ?? []),
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
  ): Entry {
    const entry: Entry = {
      root: this.root.under(own, ...path),
      feature: [],
      decorator: [],
      live: NO_LAYERS,
      configured: {},
      options: undefined,
    };
    this.entries.set(name, entry);
    return entry;
  }

  private retract(name: string, declarer: Declarer): void {
    const entry = this.entries.get(name)!;
    entry[declarer].pop();
    entry.options = undefined;
  }

  private lay(name: string, entry: Entry): LaidOver {
    const laid = layOver(this.layersOf(name, entry));
    entry.options = laid.options;
    return laid;
  }

  private layersOf(name: string, entry: Entry): Layer[] {
    const { root, feature, decorator, live, configured } = entry;
    const inCode = [...feature, ...decorator].map(({ options = {}, source }) =>
      codeLayer(options, source),
    );
    const variables = this.environment?.layerOf(name);
    const layers: Layer[] = [...root.layers, ...inCode];
    if (variables !== undefined) layers.push(variables);
    return [...layers, ...live.layers, codeLayer(configured, 'configure()')];
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

  private problemsOf(name: string): OptionProblem[] {
    const entry = this.entries.get(name)!;
    const { root, feature, decorator } = entry;
    return [
      ...nameProblems(name, [...feature, ...decorator][0]?.source),
      ...root.problems,
      ...[...feature, ...decorator].flatMap(({ problems }) => problems ?? []),
      ...disagreements(feature),
      ...disagreements(decorator),
      ...this.lay(name, entry).problems,
    ];
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
}

function readLive(
  given: unknown,
  root: RootOptions,
): { problems: OptionProblem[]; found: Map<string, FoundLayers> } {
  const { problems: misfits } = examineOptions(
    liveOptionsSchema,
    // Nothing at all is a mistake of the source's, not the options of no circuit.
    given ?? null,
  );
  const problems: OptionProblem[] = [...misfits];
  const groups = groupsIn(given, 'circuits', problems);
  const found = new Map(
    Array.from(groups, ([name, options]) => [
      name,
      root.alone(options, 'circuits', name),
    ]),
  );
  return { problems, found };
}

function nameProblems(
  name: unknown,
  source: string | undefined,
): OptionProblem[] {
  if (
    typeof name === 'string' &&
    name.trim() !== '' &&
    name.length <= LONGEST_NAME
  ) {
    return [];
  }
  return [
    {
      path: source === undefined ? 'circuits' : `${source}: name`,
      message: `got ${quote(name)}, takes a circuit's name: 1 to ${LONGEST_NAME} characters, not all blank`,
    },
  ];
}
