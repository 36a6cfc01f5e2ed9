import { z } from 'zod';
import { toPredicate } from '../state/classification.js';
import type { ErrorMatcher } from '../state/circuit-options.js';
import { count, duration, isFunction, option } from '../state/option.js';
import { retryAfterOf } from '../state/retry-after.js';
import type { PolicyHost } from './policy-host.js';
import type { RetryBudget } from './retry-budget.js';
import { TIMER_DURATION, timerDuration } from './timer-duration.js';

const COUNT = 'a whole number of at least 1';

const backoff = z.strictObject({
  initial: option(
    timerDuration(0).default(100),
    TIMER_DURATION,
    'the longest wait before the second attempt',
  ),
  multiplier: option(
    z.number().min(1).max(1_000).default(2),
    'a number from 1 to 1000',
    'by how much each further wait may be longer',
  ),
  max: option(
    timerDuration(0).default(10_000),
    TIMER_DURATION,
    'the longest wait of all',
  ),
  jitter: option(
    z.number().min(0).max(1).default(1),
    'a number from 0 to 1',
    'the share of a wait that is random; 1 is full jitter',
  ),
});

const budgetSchema = z.strictObject({
  ratio: option(
    z.number().min(0).max(1).default(0.2),
    'a number from 0 to 1',
    'retries for each call',
  ),
  burst: option(
    z.int().min(0).default(3),
    'a whole number of at least 0',
    'retries that may be made beyond the ratio',
  ),
  per: option(
    duration().default(10_000),
    `a duration: milliseconds, or a string such as '10s'`,
    'the time over which calls and retries are counted',
  ),
});

const retry = z.strictObject({
  attempts: option(count(), COUNT, 'calls in all, the first included'),
  backoff: option(
    backoff.prefault({}),
    '{ initial, multiplier, max, jitter }',
    'how long to wait between two attempts',
  ),
  retryErrors: option(
    z.array(z.custom<ErrorMatcher>(isFunction)).optional(),
    'an array of error classes and predicates',
    'only these failures are tried again',
  ),
  budget: option(
    z.union([budgetSchema, z.literal(false)]).prefault({}),
    '{ ratio, burst, per }, or false',
    'how many retries there may be, so that retries do not multiply load',
  ),
});

/** The option `retry`. */
export const retrySchema = option(
  z.union([retry, z.literal(false)]).default(false),
  '{ attempts, backoff, retryErrors, budget }, or false',
  'calls again after a failure; a refusal of ours is never tried again',
);

/** How a call is tried again, in milliseconds. */
export type RetryRules = z.output<typeof retry>;

/** Milliseconds of `Retry-After` that a call waits for, whatever its own longest wait is. */
const PATIENCE = 60_000;

/** Decides whether a failed call is tried again, and when. */
export class Retry {
  private readonly matches: ((error: unknown) => boolean) | undefined;

  /**
   * @param random a number from 0 to 1; draws the jitter
   * @param budget of the rules; without one there is no limit
   */
  constructor(
    private readonly rules: RetryRules,
    private readonly host: PolicyHost,
    private readonly random: () => number,
    private readonly budget: RetryBudget | undefined,
  ) {
    const predicates = rules.retryErrors?.map(toPredicate);
    this.matches =
      predicates && (error => predicates.some(matches => matches(error)));
  }

  /** A call begins: it earns its share of a retry. */
  begin(): void {
    this.budget?.countCall(this.host.clock.now());
  }

  /**
   * Milliseconds to wait before the next attempt, or `undefined` to give up. A
   * wait that is answered has been taken out of the budget. It is never shorter
   * than the error's `Retry-After`; one of more than a minute, and more than
   * `backoff.max`, is not waited for.
   *
   * @param attempt the number of the attempt that failed, from 1
   * @param error what it failed with: a failure by the circuit's rules
   * @param expiresAt when the whole call's time is up, on the host's clock
   */
  delayAfter(
    attempt: number,
    error: unknown,
    expiresAt = Infinity,
  ): number | undefined {
    if (attempt >= this.rules.attempts || !this.takes(error)) return undefined;
    const { clock } = this.host;
    const now = clock.now();
    const retryAfter = retryAfterOf(error, clock.wallTime()) ?? 0;
    if (retryAfter > this.longestRetryAfter) return undefined;
    const delay = Math.max(this.backoffAfter(attempt), retryAfter);
    if (now + delay >= expiresAt) return undefined;
    return this.budget === undefined || this.budget.tryTake(now)
      ? delay
      : undefined;
  }

  /**
   * Exponential backoff with full jitter (M. Brooker, "Exponential Backoff And
   * Jitter", AWS Architecture Blog, 2015): a random time from 0 to the cap, so
   * that callers that failed together do not come back together.
   */
  private backoffAfter(attempt: number): number {
    const { initial, multiplier, max, jitter } = this.rules.backoff;
    // Bounded: zero times an infinite growth would be no number.
    const growth = Math.min(
      multiplier ** (attempt - 1),
      Number.MAX_SAFE_INTEGER,
    );
    const cap = Math.min(max, initial * growth);
    return cap * (1 - jitter + jitter * this.random());
  }

  /** A dependency that wants to be left alone for longer is not asked again: nobody waits that long. */
  private get longestRetryAfter(): number {
    return Math.max(this.rules.backoff.max, PATIENCE);
  }

  private takes(error: unknown): boolean {
    if (this.matches === undefined) return true;
    try {
      return this.matches(error);
    } catch (thrown) {
      this.host.report('retryErrors', thrown);
      return false;
    }
  }
}
