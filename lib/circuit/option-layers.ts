import {
  circuitOptionsSchema,
  type CircuitOptions,
  type CircuitRules,
} from '../state/circuit-options.js';
import { mergeOptions, withWindowType } from '../state/merge-options.js';
import { isSealed, parseOptions, sealOptions } from '../state/parse-options.js';
import type { OnceReporter } from './once-reporter.js';

/** What a circuit has that was given none. */
export const NO_OPTIONS: CircuitOptions = sealOptions({});

/** Options that were examined and are not yet in force. */
export interface PreparedRules {
  readonly rules: CircuitRules;
  /** Remembers the options; the rules are the caller's to put in force. */
  commit(): void;
}

/** A circuit's options in two layers: what it was made with, and over it all that it was configured with. */
export class OptionLayers {
  private base: CircuitOptions = NO_OPTIONS;
  private patches: CircuitOptions | undefined;

  /**
   * @param circuit whose options they are
   * @param reporter told of what can be taken but is surely not meant
   */
  constructor(
    private readonly circuit: string,
    private readonly reporter: OnceReporter,
  ) {}

  /** What was given, in one. */
  get given(): CircuitOptions {
    return mergeOptions(this.base, this.patches);
  }

  /**
   * Other options in the place of those that it was made with.
   *
   * @throws InvalidOptionsError that lists every bad option
   */
  withBase(base: CircuitOptions): PreparedRules {
    const { patches } = this;
    // Untouched where nothing lies above it: what is sealed is examined once for all circuits.
    const rules = this.parse(
      patches === undefined ? base : mergeOptions(base, patches),
    );
    return {
      rules,
      commit: () => {
        this.base = isSealed(base) ? base : mergeOptions({}, base);
      },
    };
  }

  /**
   * More options over the others.
   *
   * @param renewed options of which nothing stays that was configured before
   * @throws InvalidOptionsError that lists every bad option
   */
  withPatch(
    patch: CircuitOptions,
    renewed: readonly string[] = [],
  ): PreparedRules {
    const before = withoutOptions(this.patches ?? {}, renewed);
    const { window } = mergeOptions(this.base, before);
    const patches = mergeOptions(before, withWindowType(patch, window?.type));
    const rules = this.parse(mergeOptions(this.base, patches));
    return {
      rules,
      commit: () => {
        this.patches = patches;
      },
    };
  }

  private parse(options: CircuitOptions): CircuitRules {
    const subject = `Circuit "${this.circuit}"`;
    return parseOptions(circuitOptionsSchema, options, subject, message =>
      this.reporter.warn(message),
    );
  }
}

/** Options without some, by their names. */
export function withoutOptions(
  options: CircuitOptions,
  names: readonly string[],
): CircuitOptions {
  return Object.fromEntries(
    Object.entries(options).filter(([name]) => !names.includes(name)),
  );
}
