import type { WindowRules } from './circuit-options.js';
import { CountWindow } from './count-window.js';
import { TimeWindow } from './time-window.js';

/** What one recorded call was: bits, so that a window adds instead of branching. */
export const FAILED = 1;
export const SLOW = 2;

/** {@link FAILED} and {@link SLOW}, or neither, or both. */
export type Mark = 0 | 1 | 2 | 3;

/**
 * The latest calls of a circuit and how they ended. Every method costs the same
 * whatever the window's size, amortised.
 */
export interface CallWindow {
  /** Right as of the last `record` or `age`. */
  readonly calls: number;
  readonly failures: number;
  readonly slow: number;
  /** Enters a call that ended at `now`; time never runs backwards between two calls. */
  record(now: number, mark: Mark): void;
  /** Lets go of what is too old at `now`. */
  age(now: number): void;
  /** Whether what happened at `at` is too old at `now`. */
  forgets(at: number, now: number): boolean;
  /** Takes new rules if the entries can stay; false if they need a new window. */
  adopt(rules: WindowRules): boolean;
}

/** An empty window. */
export function createWindow(rules: WindowRules): CallWindow {
  return rules.type === 'count'
    ? new CountWindow(rules)
    : new TimeWindow(rules);
}
