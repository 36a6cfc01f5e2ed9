import type { OptionProblem } from '../errors/invalid-options.error.js';
import { examineOptions } from '../state/parse-options.js';
import { liveOptionsSchema } from './config-source.js';
import {
  groupsIn,
  type FoundLayers,
  type RootOptions,
} from './root-options.js';

/** What a configuration source gives, for each name that it gives something to. */
export interface LiveLayers {
  /** What is wrong with all but the circuits' own options. */
  readonly problems: readonly OptionProblem[];
  readonly found: ReadonlyMap<string, FoundLayers>;
}

/**
 * Reads what a configuration source gives; never throws.
 *
 * @param root knows the presets that it may name
 */
export function readLive(given: unknown, root: RootOptions): LiveLayers {
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
