import { z } from 'zod';
import { count, duration, option, timed } from './option.js';

const DURATION = `a duration: milliseconds, or a string such as '30s'`;
const COUNT = 'a whole number of at least 1';
const off = z.literal(false);

const bulkhead = z.strictObject({
  maxConcurrent: option(count(), COUNT, 'calls that may run at once'),
  maxQueue: option(
    z.int().min(0).default(0),
    'a whole number of at least 0',
    'calls that may wait for a place, first come first served',
  ),
  maxWait: option(
    timed(0).default(1_000),
    DURATION,
    'how long a call waits for a place before it is refused',
  ),
  maxHold: option(
    timed(1).default(300_000),
    DURATION,
    'a place held for longer is freed and logged; its call may still run',
  ),
});

const rateLimit = z.strictObject({
  limit: option(
    count(),
    COUNT,
    'calls in each interval, and at once after a rest',
  ),
  interval: option(
    duration(),
    DURATION,
    'the time in which `limit` calls may start',
  ),
});

/** The option `bulkhead`. */
export const bulkheadSchema = option(
  z.union([bulkhead, off]).default(false),
  '{ maxConcurrent, maxQueue, maxWait, maxHold }, or false',
  'how many calls may run at once, and how many may wait',
);

/** The option `rateLimit`. */
export const rateLimitSchema = option(
  z.union([rateLimit, off]).default(false),
  '{ limit, interval }, or false',
  'how many calls may start in an interval: a token bucket',
);

/** A bulkhead's rules, in milliseconds. */
export type BulkheadRules = z.output<typeof bulkhead>;

/** A rate limit's rules, in milliseconds. */
export type RateLimitRules = z.output<typeof rateLimit>;
