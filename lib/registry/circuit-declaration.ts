import type { OptionProblem } from '../errors/invalid-options.error.js';
import type { CircuitOptions } from '../state/circuit-options.js';

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
