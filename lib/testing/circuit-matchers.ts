import type { Circuit } from '../circuit/circuit.js';
import type { Totals } from '../state/call-record.js';
import type { CircuitState } from '../state/circuit-state.js';
import { circuitTitle } from '../state/circuit-title.js';
import { quote } from '../state/quote.js';
import { countedTotals } from './counted-totals.js';

/**
 * What `expect(circuit)` can say, beside what it can say of everything.
 *
 * Counts are since the circuit was made, or since the last
 * `CircuitBreakerTesting.reset()`. Without a number, at least once is meant.
 */
export interface CircuitMatchers<R = unknown> {
  /** The circuit is closed, or forced closed. */
  toBeClosed(): R;
  /** The circuit is open, or forced open. */
  toBeOpen(): R;
  toBeHalfOpen(): R;
  /** Calls were refused: by the circuit, its bulkhead or its rate limit. */
  toHaveRejected(times?: number): R;
  /** A fallback was asked for an answer. */
  toHaveFallenBack(times?: number): R;
  /** Attempts were made again. */
  toHaveRetried(times?: number): R;
  /** An attempt or a whole call took too long. */
  toHaveTimedOut(times?: number): R;
  /** Calls ended well. */
  toHaveSucceeded(times?: number): R;
  /** Calls ended in a failure. */
  toHaveFailed(times?: number): R;
  /** The cache answered. */
  toHaveAnsweredFromCache(times?: number): R;
}

/** What Jest and Vitest want to know of a matcher. */
export interface MatcherAnswer {
  readonly pass: boolean;
  message(): string;
}

/** One matcher, as `expect.extend` takes it. */
export type CircuitMatcher = (
  received: unknown,
  times?: number,
) => MatcherAnswer;

/**
 * The matchers, for `expect.extend` of Jest and of Vitest. For their types import
 * them from `nestjs-breaker/testing/jest` or `nestjs-breaker/testing/vitest`.
 *
 * @example
 * expect.extend(circuitMatchers);
 * expect(circuits.get('payments')).toBeOpen();
 */
export const circuitMatchers: {
  readonly [K in keyof CircuitMatchers]: CircuitMatcher;
} = Object.freeze({
  toBeClosed: standing('closed', 'forced-closed'),
  toBeOpen: standing('open', 'forced-open'),
  toBeHalfOpen: standing('half-open'),
  toHaveRejected: counting('rejected', 'have rejected', 'calls'),
  toHaveFallenBack: counting('fallbacks', 'have fallen back', 'times'),
  toHaveRetried: counting('retries', 'have retried', 'times'),
  toHaveTimedOut: counting('timeouts', 'have timed out', 'times'),
  toHaveSucceeded: counting('successes', 'have succeeded', 'times'),
  toHaveFailed: counting('failures', 'have failed', 'times'),
  toHaveAnsweredFromCache: counting(
    'cacheHits',
    'have answered from its cache',
    'times',
  ),
});

function standing(...states: readonly CircuitState[]): CircuitMatcher {
  return received => {
    const circuit = circuitFrom(received);
    const pass = states.includes(circuit.state);
    return {
      pass,
      message: () =>
        `expected circuit ${circuitTitle(circuit)} ${pass ? 'not ' : ''}to be ${states[0]}\n${about(circuit)}`,
    };
  };
}

function counting(
  what: keyof Totals,
  verb: string,
  unit: 'calls' | 'times',
): CircuitMatcher {
  return (received, times) => {
    const circuit = circuitFrom(received);
    if (times !== undefined && !(Number.isInteger(times) && times >= 0)) {
      throw new TypeError(
        `got ${quote(times)}, takes how often: a whole number, or nothing for at least once`,
      );
    }
    const count = countedTotals(circuit)[what];
    const pass = times === undefined ? count > 0 : count === times;
    const wanted = times === undefined ? '' : ` ${times} ${unit}`;
    return {
      pass,
      message: () =>
        `expected circuit ${circuitTitle(circuit)} ${pass ? 'not ' : ''}to ${verb}${wanted}; the count is ${count}\n${about(circuit)}`,
    };
  };
}

/** Not by its class: a project may hold two copies of this package. */
function circuitFrom(received: unknown): Circuit {
  const circuit = received as Partial<Circuit> | null | undefined;
  if (
    typeof circuit?.explain === 'function' &&
    typeof circuit.totals === 'object'
  ) {
    return circuit as Circuit;
  }
  throw new TypeError(
    `got ${quote(received)}, takes a Circuit, such as CircuitBreakerRegistry.get('payments') answers`,
  );
}

/** What a reader of a red test wants to know next. */
function about(circuit: Circuit): string {
  const counted = Object.entries(countedTotals(circuit))
    .filter(([, count]) => count > 0)
    .map(([what, count]) => `${what} ${count}`);
  const counts = counted.length === 0 ? 'nothing yet' : counted.join(', ');
  return `${circuit.explain().sentence}\nIt has counted: ${counts}.`;
}
