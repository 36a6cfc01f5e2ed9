import { z } from 'zod';
import { bulkheadSchema, rateLimitSchema } from './limit-options.js';
import { circuitCrossChecks } from './circuit-cross-checks.js';
import { addCrossChecks } from './cross-check.js';
import { count, duration, isFunction, option, threshold } from './option.js';
import type { Duration } from './option.js';
import { shareOutputs } from './parse-options.js';

/** What an error class is to `recordErrors` and `ignoreErrors`. */
export type ErrorClass = abstract new (...args: never[]) => unknown;

/** An error class, or a predicate over whatever was thrown. */
export type ErrorMatcher = ErrorClass | ((error: unknown) => boolean);

/** What a call's end means to its circuit. */
export type Outcome = 'success' | 'failure' | 'ignored';

/** The wait before the first probe, from the number of this opening (1 for the first since closed). */
export type OpenDurationFunction = (attempt: number) => Duration;

const off = z.literal(false);
const DURATION = `a duration: milliseconds, or a string such as '30s'`;
const RATE = 'a rate from 0.001 to 1 in steps of 0.001';
const COUNT = 'a whole number of at least 1';

const countWindow = z.strictObject({
  type: option(
    z.literal('count').default('count'),
    `'count'`,
    'counts the latest calls',
  ),
  size: option(
    z.int().min(1).max(1_000_000).default(100),
    'a whole number from 1 to 1000000',
    'how many of the latest calls count',
  ),
  maxAge: option(
    z.union([duration(), off]).default(300_000),
    `${DURATION}, or false`,
    'entries older than this no longer count',
  ),
});

const timeWindow = z.strictObject({
  type: option(
    z.literal('time'),
    `'time'`,
    'counts the calls of the latest span of time',
  ),
  duration: option(
    duration().default(60_000),
    DURATION,
    'how long a call counts',
  ),
  buckets: option(
    z.int().min(1).max(100_000).default(60),
    'a whole number from 1 to 100000',
    'in how many steps old calls are let go',
  ),
});

const halfOpenSchema = z.strictObject({
  calls: option(count().default(10), COUNT, 'probes in all'),
  concurrency: option(count().default(3), COUNT, 'probes at once'),
  successRateThreshold: option(
    threshold().default(0.6),
    RATE,
    'closes when at least this share of the probes succeeds',
  ),
  callDeadline: option(
    duration().default(30_000),
    DURATION,
    'a probe that takes longer counts as failed and frees its place',
  ),
  maxDuration: option(
    duration().default(60_000),
    DURATION,
    'after this the results so far decide',
  ),
});

const growingOpenDuration = z.strictObject({
  initial: option(duration(0), DURATION, 'the wait of the first opening'),
  multiplier: option(
    z.number().min(1).max(1_000),
    'a number from 1 to 1000',
    'by how much each further opening in a row waits longer',
  ),
});

const errorMatchers = z
  .array(
    option(z.custom<ErrorMatcher>(isFunction), 'an error class or a predicate'),
  )
  .optional();
const MATCHERS = 'an array of error classes and predicates';

/**
 * The options that belong to a circuit, wherever it is used. The types, the
 * defaults, the error messages and the table in the docs all come from here.
 */
export const circuitOptionsSchema = z.strictObject({
  mode: option(
    z.enum(['enforced', 'shadow', 'disabled']).default('enforced'),
    `'enforced', 'shadow' or 'disabled'`,
    `'shadow' runs the whole state machine but rejects nothing; 'disabled' passes calls and records nothing`,
  ),
  window: option(
    z.union([countWindow, timeWindow]).prefault({}),
    `{ type: 'count', size, maxAge } or { type: 'time', duration, buckets }`,
    'which calls the rules look at',
  ),
  minimumCalls: option(
    count().default(20),
    COUNT,
    'no rate trips below it; capped to the size of a count window',
  ),
  failureRateThreshold: option(
    z.union([threshold(), off]).default(0.5),
    `${RATE}, or false`,
    'trips when at least this share of the calls failed',
  ),
  failureCount: option(
    z.union([count(), off]).default(false),
    `${COUNT}, or false`,
    'trips at this many failures in the window, whatever the rate',
  ),
  consecutiveFailures: option(
    z.union([count(), off]).default(10),
    `${COUNT}, or false`,
    'trips at this many failures in a row, whatever the rate and `minimumCalls`',
  ),
  slowCallDuration: option(
    z.union([duration(0), off]).default(2_000),
    `${DURATION}, or false`,
    'a call that takes strictly longer is slow',
  ),
  slowCallRateThreshold: option(
    z.union([threshold(), off]).default(0.5),
    `${RATE}, or false`,
    'trips when at least this share of the calls is slow',
  ),
  openDuration: option(
    z
      .union([
        duration(0),
        growingOpenDuration,
        z.custom<OpenDurationFunction>(isFunction),
      ])
      .default(60_000),
    `${DURATION}, or { initial, multiplier }, or a function of the attempt`,
    'how long the dependency is left alone',
  ),
  maxOpenDuration: option(
    duration().default(600_000),
    DURATION,
    'caps every wait: growth, jitter and `Retry-After`',
  ),
  openJitter: option(
    z.number().min(0).max(10).default(0.3),
    'a number from 0 to 10',
    'the wait is stretched by a random share of up to this, drawn once for each opening',
  ),
  halfOpen: option(
    halfOpenSchema.prefault({}),
    '{ calls, concurrency, successRateThreshold, callDeadline, maxDuration }',
    'how many probes there are and how they are judged',
  ),
  recordErrors: option(
    errorMatchers.clone(),
    MATCHERS,
    'errors that are failures; what matches none is judged by the next rule',
  ),
  ignoreErrors: option(
    errorMatchers.clone(),
    MATCHERS,
    'errors that are neither failure nor success; stronger than all other rules',
  ),
  classifyError: option(
    z.custom<(error: unknown) => Outcome | undefined>(isFunction).optional(),
    `a function that answers 'failure', 'success', 'ignored' or undefined`,
    'judges an error; undefined leaves it to the default rule',
  ),
  bulkhead: bulkheadSchema,
  rateLimit: rateLimitSchema,
  maxKeys: option(
    count().default(1_000),
    COUNT,
    'how many keyed circuits there may be under the name',
  ),
  critical: option(
    z.boolean().default(false),
    'true or false',
    'health: whether this circuit, while open, takes readiness down',
  ),
  captureStack: option(
    z.boolean().default(false),
    'true or false',
    'captures a stack for each rejection, which is most of its cost',
  ),
});
addCrossChecks(circuitOptionsSchema, circuitCrossChecks);
shareOutputs(circuitOptionsSchema);

/** A circuit's options as a user writes them; each has a default. */
export type CircuitOptions = z.input<typeof circuitOptionsSchema>;

/** A circuit's options with every default filled in and every duration in milliseconds. */
export type CircuitRules = z.output<typeof circuitOptionsSchema>;

/** Which calls the rules look at, in milliseconds. */
export type WindowRules = CircuitRules['window'];
