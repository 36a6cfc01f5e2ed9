import { isDeepStrictEqual } from 'node:util';
import { withoutOptions } from '../circuit/option-layers.js';
import type { OptionProblem } from '../errors/invalid-options.error.js';
import {
  circuitOptionsSchema,
  type CircuitOptions,
} from '../state/circuit-options.js';
import { mergeOptions, withWindowType } from '../state/merge-options.js';
import { parseOptions } from '../state/parse-options.js';
import type { CircuitDeclaration, Declarer } from './circuit-declaration.js';
import { nameProblems } from './circuit-name.js';
import { disagreements } from './disagreement.js';
import type { Environment } from './environment.js';
import { codeLayer, layOver, type LaidOver, type Layer } from './layers.js';
import type { FoundLayers } from './root-options.js';

/** What a configuration source gives to one circuit, checked and not yet in force. */
export interface PreparedEntry {
  readonly problems: readonly OptionProblem[];
  /** What everything comes to; `undefined` if that is what the circuit has. */
  readonly options: CircuitOptions | undefined;
  /** Puts it in force. */
  commit(): void;
}

const NO_LAYERS: FoundLayers = { layers: [], problems: [] };

/**
 * One circuit of the application: who gives it options, and what those come to.
 * Weakest first: what stands in `forRoot`, `forFeature`, decorator, environment,
 * configuration source, `configure`.
 */
export class CircuitEntry {
  private readonly declared = {
    feature: [] as CircuitDeclaration[],
    decorator: [] as CircuitDeclaration[],
  };
  /** What a configuration source gives. */
  private live = NO_LAYERS;
  /** All that `configure` was given. */
  private configured: CircuitOptions = {};
  /** What everything comes to; computed when it is wanted. */
  private outcome: CircuitOptions | undefined;

  /**
   * @param root `defaults`, the preset, and `circuits[name]` or what `getOrCreate` was given
   */
  constructor(
    private readonly name: string,
    private readonly root: FoundLayers,
    private readonly environment: Environment | undefined,
  ) {}

  /** The circuit's options, sealed. */
  get options(): CircuitOptions {
    return this.outcome ?? this.lay().options;
  }

  /** Everything that is wrong with it. */
  get problems(): OptionProblem[] {
    const { feature, decorator } = this.declared;
    return [
      ...nameProblems(this.name, this.declarations[0]?.source),
      ...this.root.problems,
      ...this.declarations.flatMap(({ problems }) => problems ?? []),
      ...disagreements(feature),
      ...disagreements(decorator),
      ...this.lay().problems,
    ];
  }

  /** Adds a declaration; {@link problems} tells what is wrong with it. */
  add(declarer: Declarer, declaration: CircuitDeclaration): void {
    this.declared[declarer].push({
      ...declaration,
      options: mergeOptions<CircuitOptions>({}, declaration.options),
    });
    this.outcome = undefined;
  }

  /** Takes back the declaration that was added last. */
  retract(declarer: Declarer): void {
    this.declared[declarer].pop();
    this.outcome = undefined;
  }

  /** Whether a declaration has been added before. */
  isKnown(
    declarer: Declarer,
    { source, options }: CircuitDeclaration,
  ): boolean {
    const given = mergeOptions<CircuitOptions>({}, options);
    return this.declared[declarer].some(
      each => each.source === source && isDeepStrictEqual(each.options, given),
    );
  }

  /**
   * Examines a patch over everything that the circuit has.
   *
   * @param renewed options of which nothing stays that was configured before
   * @returns puts it in force for circuits to come
   * @throws InvalidOptionsError if it does not fit; nothing has changed then
   */
  preparePatch(patch: CircuitOptions, renewed: readonly string[]): () => void {
    const before = withoutOptions(this.configured, renewed);
    const { window } = layOver(this.layersWith(this.live, before)).options;
    const configured = mergeOptions(
      before,
      withWindowType(patch, window?.type),
    );
    const { options } = layOver(this.layersWith(this.live, configured));
    parseOptions(circuitOptionsSchema, options, `Circuit "${this.name}"`);
    return () => {
      this.configured = configured;
      this.outcome = options;
    };
  }

  /** Checks what a configuration source gives, in the place of what it gave before. */
  prepareLive(live: FoundLayers = NO_LAYERS): PreparedEntry {
    if (live === NO_LAYERS && this.live === NO_LAYERS) {
      return { problems: [], options: undefined, commit: () => {} };
    }
    const laid = layOver(this.layersWith(live));
    const isSame = isDeepStrictEqual(laid.options, this.options);
    return {
      problems: [...live.problems, ...laid.problems],
      options: isSame ? undefined : laid.options,
      commit: () => {
        this.live = live;
        if (!isSame) this.outcome = laid.options;
      },
    };
  }

  private get declarations(): CircuitDeclaration[] {
    return [...this.declared.feature, ...this.declared.decorator];
  }

  private lay(): LaidOver {
    const laid = layOver(this.layersWith(this.live));
    this.outcome = laid.options;
    return laid;
  }

  private layersWith(live: FoundLayers, configured = this.configured): Layer[] {
    const inCode = this.declarations.map(({ options = {}, source }) =>
      codeLayer(options, source),
    );
    const variables = this.environment?.layerOf(this.name);
    return [
      ...this.root.layers,
      ...inCode,
      ...(variables === undefined ? [] : [variables]),
      ...live.layers,
      codeLayer(configured, 'configure()'),
    ];
  }
}
