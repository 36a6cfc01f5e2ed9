import { z } from 'zod';
import { count, duration, isFunction, option, timed } from '../state/option.js';
import { isMergeable } from '../state/merge-options.js';
import type { FleetClient } from './redis-client.js';
import type { RedisOptions } from 'ioredis';

const DURATION = `a duration: milliseconds, or a string such as '30s'`;
const COUNT = 'a whole number of at least 1';

/** What `CircuitBreakerFleetModule.forRoot` takes. */
export const fleetOptionsSchema = z.strictObject({
  client: option(
    z.custom<FleetClient>(hasDuplicate).optional(),
    'a client of ioredis: `new Redis(…)` or `new Redis.Cluster(…)`',
    'whose settings the fleet takes for two connections of its own; the client itself is left alone',
  ),
  connection: option(
    z
      .union([
        z.string().min(1),
        z.custom<RedisOptions>(value => isMergeable(value)),
      ])
      .optional(),
    'a URL, or settings for ioredis',
    'where Redis is, if no client is given',
  ),
  namespace: option(
    z.string().min(1).max(100).default('circuit-breaker'),
    'a string of 1 to 100 characters',
    'whose instances share their circuits: one application in one environment',
  ),
  flushInterval: option(
    timed().default(100),
    DURATION,
    'how often an instance tells what has changed',
  ),
  pollInterval: option(
    duration().default(2_000),
    DURATION,
    'how often an instance says that it is alive, and looks whether it missed something',
  ),
  timeout: option(
    timed().default(500),
    DURATION,
    'after this without an answer Redis counts as lost',
  ),
  quorum: option(
    count().default(2),
    COUNT,
    'failures of at least this many instances open the circuits of all, or of all instances if fewer are alive',
  ),
  window: option(
    z
      .strictObject({
        duration: option(
          duration().default(60_000),
          DURATION,
          'how long a call counts',
        ),
        buckets: option(
          z.int().min(1).max(60).default(60),
          'a whole number from 1 to 60',
          'in how many steps old calls are let go',
        ),
      })
      .prefault({}),
    '{ duration, buckets }',
    'how the fleet keeps a window of the latest calls; a window of time is kept as it is',
  ),
  ttl: option(
    duration().refine(outlivesRepeats).transform(Math.ceil).default(3_600_000),
    `a duration of at least '10s'`,
    'after this Redis forgets what no instance asks for',
  ),
});

/** The options of a fleet as a user writes them. */
export type CircuitBreakerFleetOptions = z.input<typeof fleetOptionsSchema>;

/** The options of a fleet with every default filled in, in milliseconds. */
export type ParsedFleetOptions = z.output<typeof fleetOptionsSchema>;

/** What the protocol itself needs of them. */
export type FleetSettings = Pick<
  ParsedFleetOptions,
  'namespace' | 'flushInterval' | 'pollInterval' | 'quorum' | 'window' | 'ttl'
>;

function hasDuplicate(value: unknown): boolean {
  return (
    typeof value === 'object' &&
    value !== null &&
    isFunction((value as { duplicate?: unknown }).duplicate)
  );
}

/** That a request was applied is known for longer than it may be sent again. */
function outlivesRepeats(ttl: number): boolean {
  return ttl >= 10_000;
}
