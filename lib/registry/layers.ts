import type { OptionProblem } from '../errors/invalid-options.error.js';
import {
  circuitOptionsSchema,
  type CircuitOptions,
} from '../state/circuit-options.js';
import { isMergeable, mergeOptions } from '../state/merge-options.js';
import { formatPath, type OptionPath } from '../state/option-problems.js';
import { examineOptions, sealOptions } from '../state/parse-options.js';

/** Options from one place, of those that lie over each other. */
export interface Layer {
  readonly options: CircuitOptions;
  /** Where one of its options stands, as a reader finds it, e.g. `circuits.payments.openDuration`. */
  place(at: OptionPath): string;
}

/** Options that stand in the object that `forRoot` takes. */
export function rootLayer(
  options: CircuitOptions,
  ...path: readonly string[]
): Layer {
  return { options, place: at => formatPath([...path, ...at]) };
}

/** Options that stand in the code, e.g. at `@CircuitBreaker() on Payments.charge`. */
export function codeLayer(options: CircuitOptions, source: string): Layer {
  return { options, place: at => `${source}: ${formatPath(at) || 'options'}` };
}

/** What layers come to. */
export interface LaidOver {
  readonly problems: readonly OptionProblem[];
  /** Sealed: circuits that are made of it share their rules. */
  readonly options: CircuitOptions;
}

/**
 * Lays layers over each other, weakest first, and validates what comes out. Each
 * problem is told where it stands: in the strongest layer that gives the option.
 */
export function layOver(layers: readonly Layer[]): LaidOver {
  const options = sealOptions(
    layers.reduce<CircuitOptions>(
      (below, { options: given }) => mergeOptions(below, given),
      {},
    ),
  );
  const { problems } = examineOptions(circuitOptionsSchema, options);
  return {
    options,
    problems: problems.map(({ at, path, message }) => ({
      path: giverOf(layers, at)?.place(at) ?? path,
      message,
    })),
  };
}

/** The strongest layer that gives an option, or failing that most of the way to it. */
function giverOf(layers: readonly Layer[], at: OptionPath): Layer | undefined {
  let giver: Layer | undefined;
  let deepest = 0;
  for (const layer of layers) {
    const depth = depthOf(layer.options, at);
    if (depth > 0 && depth >= deepest) {
      deepest = depth;
      giver = layer;
    }
  }
  return giver;
}

function depthOf(options: unknown, at: OptionPath): number {
  let value = options;
  let depth = 0;
  for (const key of at) {
    if (!(isMergeable(value) || Array.isArray(value))) break;
    value = (value as Record<PropertyKey, unknown>)[key];
    if (value === undefined) break;
    depth++;
  }
  return depth;
}
