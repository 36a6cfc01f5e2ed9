import { z } from 'zod';
import { CallTimeoutException } from '../errors/call-timeout.exception.js';
import { option } from '../state/option.js';
import { buildError, type PolicyHost } from './policy-host.js';
import { TimeLimit } from './time-limit.js';
import { TIMER_DURATION, timerDuration } from './timer-duration.js';

/** The option `timeout`; milliseconds, or false, once parsed. */
export const timeoutSchema = option(
  z.union([timerDuration(), z.literal(false)]).default(false),
  `${TIMER_DURATION}, or false`,
  'how long one attempt may take; an Observable: until its first value',
);

/**
 * A timeout for each attempt: it is ended with a `CallTimeoutException`, and its
 * signal is aborted with the same error.
 *
 * @param milliseconds how long an attempt may take
 * @example
 * const attempt = new Attempt(1, caller);
 * const answer = await timeout.run(attempt, () => fetch(url, { signal: attempt.signal }));
 */
export function createTimeout(
  milliseconds: number,
  host: PolicyHost,
): TimeLimit {
  return new TimeLimit(milliseconds, host.clock, () =>
    buildError(host, () => new CallTimeoutException(host.name, milliseconds)),
  );
}
