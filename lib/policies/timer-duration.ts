import { duration } from '../state/option.js';

/** The longest that Node's timers wait, in milliseconds (24.8 days); above it they fire at once. */
const LONGEST_TIMER = 2 ** 31 - 1;

/** What {@link timerDuration} takes, for the words to an option. */
export const TIMER_DURATION = `a duration from 1 ms to 24 days: milliseconds, or a string such as '2s'`;

/**
 * A duration that a timer will wait for, in milliseconds once parsed.
 *
 * @param least the shortest that makes sense, in milliseconds
 */
export function timerDuration(least: 0 | 1 = 1) {
  return duration(least).refine(milliseconds => milliseconds <= LONGEST_TIMER);
}
