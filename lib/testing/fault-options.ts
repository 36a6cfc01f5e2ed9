import { z } from 'zod';
import { InvalidOptionsError } from '../errors/invalid-options.error.js';
import { timerDuration, TIMER_DURATION } from '../policies/timer-duration.js';
import { isFunction, option } from '../state/option.js';
import { parseOptions } from '../state/parse-options.js';

const RATE = 'a share of the calls, from 0 to 1';

/** What {@link injectFaults} takes. */
export const faultOptionsSchema = z.strictObject({
  errorRate: option(
    z.number().min(0).max(1).optional(),
    RATE,
    'how many calls fail; 1 if an `error` is given alone, else 0',
  ),
  error: option(
    z.unknown().optional(),
    'anything that can be thrown, or a function that makes it',
    'what they fail with; else an InjectedFaultError',
  ),
  latency: option(
    z
      .union([
        timerDuration(0),
        z.strictObject({ min: timerDuration(0), max: timerDuration(0) }),
      ])
      .default(0),
    `${TIMER_DURATION}, or { min, max } of such`,
    'how long calls wait before they are made, or fail',
  ),
  latencyRate: option(
    z.number().min(0).max(1).default(1),
    RATE,
    'how many calls wait',
  ),
  hangRate: option(
    z.number().min(0).max(1).default(0),
    RATE,
    'how many calls never answer',
  ),
  seed: option(
    z.int().min(0).max(0xff_ff_ff_ff).optional(),
    'a whole number from 0 to 4294967295',
    'decides which calls are hit; else drawn',
  ),
  when: option(
    z.custom<(...args: never[]) => boolean>(isFunction).optional(),
    'a function of the arguments of the call that answers true or false',
    'which calls may be hit; the others pass unharmed and draw nothing',
  ),
  duration: option(
    timerDuration().optional(),
    TIMER_DURATION,
    `when the faults end by themselves; '10m' unless the circuit is on a VirtualClock`,
  ),
  allowInProduction: option(
    z.boolean().default(false),
    'true or false',
    'whether they may be injected where NODE_ENV is production',
  ),
});

/** Which calls are hit, and by what. */
export type FaultOptions = z.input<typeof faultOptionsSchema>;

/** Faults, ready to be drawn; times in milliseconds. */
export interface FaultRules {
  readonly errorRate: number;
  readonly hangRate: number;
  readonly latencyRate: number;
  readonly latency: { readonly min: number; readonly max: number };
  readonly makeError: (() => unknown) | undefined;
  readonly when: ((...args: unknown[]) => boolean) | undefined;
  readonly seed: number;
  readonly duration: number | undefined;
  readonly allowInProduction: boolean;
}

/**
 * @param subject whose faults they are, for the error
 * @throws InvalidOptionsError that lists every bad option
 */
export function parseFaults(
  options: FaultOptions,
  subject: string,
): FaultRules {
  const { latency, errorRate, ...given } = parseOptions(
    faultOptionsSchema,
    options,
    subject,
  );
  // As it was given: what is thrown is that very thing.
  const { error } = options;
  const rules = {
    ...given,
    duration: given.duration,
    errorRate: errorRate ?? (error === undefined ? 0 : 1),
    latency:
      typeof latency === 'number' ? { min: latency, max: latency } : latency,
    makeError:
      error === undefined
        ? undefined
        : isFunction(error)
          ? (error as () => unknown)
          : () => error,
    when: given.when as FaultRules['when'],
    seed: given.seed ?? Math.floor(Math.random() * 0x1_00_00_00_00),
  };
  const problems = contradictionsIn(rules);
  if (problems.length > 0) throw new InvalidOptionsError(subject, problems);
  return rules;
}

function contradictionsIn({
  errorRate,
  hangRate,
  latency,
  latencyRate,
}: FaultRules) {
  const problems = [];
  if (errorRate + hangRate > 1) {
    problems.push({
      path: 'hangRate',
      message: `and errorRate come to ${errorRate + hangRate}; a call either fails or hangs, so together they are at most 1`,
    });
  }
  if (latency.min > latency.max) {
    problems.push({
      path: 'latency',
      message: `has a min of ${latency.min} ms over its max of ${latency.max} ms; exchange them`,
    });
  }
  if (
    errorRate === 0 &&
    hangRate === 0 &&
    (latency.max === 0 || latencyRate === 0)
  ) {
    problems.push({
      path: 'options',
      message:
        'hit no call; give an errorRate or an error, a latency, or a hangRate',
    });
  }
  return problems;
}
