import { parseDuration } from './option.js';
import type { CircuitRules } from './circuit-options.js';

/** What a wait function that throws or answers nonsense is replaced by. */
const WAIT_OF_LAST_RESORT_MS = 60_000;

/**
 * How long an opening lasts, in milliseconds: the longer of the configured wait
 * and the dependency's own `Retry-After`, stretched by a random share so that a
 * fleet does not probe in the same instant, and capped.
 *
 * @param attempt the number of this opening since closed, from 1
 */
export function openWait(
  rules: Pick<CircuitRules, 'openDuration' | 'maxOpenDuration' | 'openJitter'>,
  attempt: number,
  retryAfterMs: number,
  random: () => number,
  report: (what: string, error: unknown) => void,
): number {
  const base = Math.max(
    baseWait(rules.openDuration, attempt, report),
    retryAfterMs,
  );
  const share = Math.min(1, Math.max(0, random())) || 0;
  return Math.min(rules.maxOpenDuration, base * (1 + rules.openJitter * share));
}

function baseWait(
  openDuration: CircuitRules['openDuration'],
  attempt: number,
  report: (what: string, error: unknown) => void,
): number {
  if (typeof openDuration === 'number') return openDuration;
  if (typeof openDuration === 'object') {
    // Bounded: zero times an infinite growth would be no number.
    const growth = openDuration.multiplier ** (attempt - 1);
    return openDuration.initial * Math.min(growth, Number.MAX_SAFE_INTEGER);
  }
  try {
    const answer = openDuration(attempt);
    const wait = parseDuration(answer) ?? NaN;
    if (wait >= 0) return wait;
    throw new TypeError(
      `openDuration(${attempt}) answered ${String(answer)}, not a duration: waiting ${WAIT_OF_LAST_RESORT_MS} ms`,
    );
  } catch (error) {
    report('openDuration', error);
    return WAIT_OF_LAST_RESORT_MS;
  }
}
