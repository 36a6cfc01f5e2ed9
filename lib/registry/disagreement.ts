import { isDeepStrictEqual } from 'node:util';
import type { OptionProblem } from '../errors/invalid-options.error.js';
import type { CircuitOptions } from '../state/circuit-options.js';
import { mergeOptions } from '../state/merge-options.js';
import { parseDuration } from '../state/option.js';
import { quote } from '../state/quote.js';
import type { CircuitDeclaration } from './circuit-declaration.js';

/**
 * Where declarations of one circuit, none of which is above the others, give
 * different values to one option. Options that only one of them gives are no
 * disagreement.
 */
export function disagreements(
  declarations: readonly CircuitDeclaration[],
): OptionProblem[] {
  return declarations.flatMap((declaration, index) =>
    declarations
      .slice(0, index)
      .flatMap(earlier => disagreement(earlier, declaration)),
  );
}

function disagreement(
  earlier: CircuitDeclaration,
  later: CircuitDeclaration,
): OptionProblem[] {
  const one: CircuitOptions = earlier.options ?? {};
  const other: CircuitOptions = later.options ?? {};
  // They agree if it makes no difference whose options lie above.
  const above = mergeOptions(one, other);
  const below = mergeOptions(other, one);
  return (Object.keys(above) as (keyof CircuitOptions)[])
    .filter(key => !isSame(above[key], below[key]))
    .map(key => ({
      path: `${later.source}: ${key}`,
      message:
        `got ${quote(other[key])}, but ${earlier.source} gives ${quote(one[key])} to the same circuit "${later.name}";` +
        ' give it in one place, or the same in both',
    }));
}

/** '30s' and 30000 are the same. */
function isSame(one: unknown, other: unknown): boolean {
  if (isDeepStrictEqual(one, other)) return true;
  const duration = parseDuration(one);
  return duration !== undefined && duration === parseDuration(other);
}
