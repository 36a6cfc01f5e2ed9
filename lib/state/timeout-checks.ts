import type { CircuitOptions, CircuitRules } from './circuit-options.js';
import { isGivenIn } from './parse-options.js';

/**
 * Settings of a circuit that are surely not meant beside the timeout of a call
 * that goes through it, in words. Both belong to different places, so that
 * neither's schema can tell; whoever brings them together warns once.
 *
 * @param options what the circuit was given: only what was chosen is complained about
 * @param timeout of one attempt, in milliseconds
 */
export function timeoutWarnings(
  { slowCallDuration, openDuration }: CircuitRules,
  options: CircuitOptions,
  timeout: number,
): string[] {
  const given = isGivenIn(options);
  const warnings: string[] = [];
  // Switched off is `false`, which is 0.
  if (Number(slowCallDuration) >= timeout && given('slowCallDuration')) {
    warnings.push(
      `slowCallDuration: ${slowCallDuration} ms is not below the timeout of ${timeout} ms, so no call is slow before it has failed; make it smaller, or switch it off`,
    );
  }
  const wait =
    typeof openDuration === 'object' ? openDuration.initial : openDuration;
  // A function is no number, and nothing is below that.
  if (Number(wait) <= timeout) {
    warnings.push(
      `openDuration: ${wait} ms is not above the timeout of ${timeout} ms, so calls from before the opening still hang when the first probe goes out; make it larger, or the timeout smaller`,
    );
  }
  return warnings;
}
