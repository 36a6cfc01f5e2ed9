import { z } from 'zod';
import { count, duration, isFunction, option } from '../state/option.js';
import type { Kept } from './cache-shelf.js';
import { TIMER_DURATION, timerDuration } from './timer-duration.js';

/** Names what a call asks for. `undefined`: this call is not cached. */
export type CacheKeyFunction = (...args: never[]) => string | undefined;

const DURATION = `a duration: milliseconds, or a string such as '10m'`;

const cacheRules = z
  .strictObject({
    staleFor: option(
      duration(),
      DURATION,
      'how old a value may be that answers for a failure or a refusal',
    ),
    freshFor: option(
      z.union([duration(), z.literal(false)]).default(false),
      `${DURATION}, or false`,
      'how old a value may be that answers without a call',
    ),
    key: option(
      z.custom<CacheKeyFunction>(isFunction).optional(),
      'a function of the arguments that answers a string',
      'what tells two calls apart; by default all their arguments',
    ),
    maxEntries: option(
      count().max(1_000_000).default(1_000),
      'a whole number from 1 to 1000000',
      'how many values are kept in memory',
    ),
    coalesce: option(
      z.boolean().default(false),
      'true or false',
      'lets calls with one key share the call that is under way',
    ),
    deadline: option(
      timerDuration().default(50),
      TIMER_DURATION,
      'how long a call waits for a cache store',
    ),
  })
  .refine(
    ({ freshFor, staleFor }) => freshFor === false || freshFor <= staleFor,
    {
      path: ['freshFor'],
      message:
        'a value would be too old to answer for a failure while it is still fresh enough to answer without a call; make staleFor at least as long',
    },
  );

/** The option `cache`; its rules, or false, once parsed. */
export const cacheSchema = option(
  z.union([cacheRules, z.literal(false)]).default(false),
  '{ staleFor, freshFor, key, maxEntries, coalesce, deadline }, or false',
  'keeps the last good answer and gives it when there is no new one',
);

/** A cache's rules, durations in milliseconds. */
export type CacheRules = z.output<typeof cacheRules>;

/** Whether a value may answer without a call. One of exactly `freshFor` may. */
export function isFresh(
  { freshFor }: CacheRules,
  kept: Kept | undefined,
): kept is Kept {
  return kept !== undefined && freshFor !== false && kept.age <= freshFor;
}

/** Whether a value may answer for a failure. One of exactly `staleFor` may. */
export function isUsable(
  { staleFor }: CacheRules,
  kept: Kept | undefined,
): kept is Kept {
  return kept !== undefined && kept.age <= staleFor;
}
