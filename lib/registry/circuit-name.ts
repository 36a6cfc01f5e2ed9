import type { OptionProblem } from '../errors/invalid-options.error.js';
import { quote } from '../state/quote.js';

const LONGEST_NAME = 300;

/**
 * What is wrong with a circuit's name.
 *
 * @param source where it stands in the code, if it does
 */
export function nameProblems(
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
