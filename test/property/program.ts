import * as fc from 'fast-check';
import type { ModelPatch, ModelRules } from './model-rules.js';

/** One step of a program; `permit` counts back from the newest one. */
export type Command =
  | { do: 'acquire' | 'call' }
  | { do: 'success'; permit: number; ms?: number | undefined }
  | {
      do: 'failure';
      permit: number;
      ms?: number | undefined;
      retryAfterSeconds?: number | undefined;
    }
  | { do: 'release' | 'cancel'; permit: number }
  | { do: 'advance' | 'stepBack'; ms: number }
  | { do: 'configure'; patch: ModelPatch }
  | { do: 'forceOpen' | 'forceClosed' | 'releaseOverride' | 'reset' };

/** What a circuit is built with, and what is done to it. */
export interface Program {
  rules: ModelRules;
  /** What every draw of the jitter answers. */
  random: number;
  commands: Command[];
}

/**
 * Rules and spans so small and so alike that windows fill, deadlines meet and
 * waits end all the time.
 */
const WINDOW: fc.Arbitrary<ModelRules['window']> = fc.oneof(
  fc.record({
    type: fc.constant('count' as const),
    size: fc.integer({ min: 1, max: 6 }),
    maxAge: fc.constantFrom(false as const, 50, 100),
  }),
  fc.record({
    type: fc.constant('time' as const),
    duration: fc.constantFrom(60, 100),
    buckets: fc.constantFrom(1, 3, 5, 10),
  }),
);

const RULES: fc.Arbitrary<ModelRules> = fc.record({
  mode: fc.constantFrom(
    'enforced' as const,
    'enforced' as const,
    'shadow' as const,
  ),
  window: WINDOW,
  minimumCalls: fc.integer({ min: 1, max: 5 }),
  failureRateThreshold: fc.constantFrom(false as const, 0.2, 0.5, 0.667, 1),
  failureCount: fc.constantFrom(false as const, 2, 3),
  consecutiveFailures: fc.constantFrom(false as const, 1, 2, 3, 4),
  slowCallDuration: fc.constantFrom(false as const, 0, 10, 20),
  slowCallRateThreshold: fc.constantFrom(false as const, 0.334, 0.5, 1),
  openDuration: fc.constantFrom(0, 20, 50, { initial: 20, multiplier: 2 }),
  maxOpenDuration: fc.constantFrom(40, 100, 5_000),
  openJitter: fc.constantFrom(0, 1),
  halfOpen: fc.record({
    calls: fc.integer({ min: 1, max: 5 }),
    concurrency: fc.integer({ min: 1, max: 4 }),
    successRateThreshold: fc.constantFrom(0.2, 0.5, 0.6, 1),
    callDeadline: fc.constantFrom(10, 30),
    maxDuration: fc.constantFrom(20, 30, 60),
  }),
});

const PATCH: fc.Arbitrary<ModelPatch> = fc.oneof(
  ...(
    [
      'window',
      'minimumCalls',
      'failureRateThreshold',
      'failureCount',
      'consecutiveFailures',
      'slowCallDuration',
      'slowCallRateThreshold',
      'openDuration',
      'maxOpenDuration',
      'openJitter',
    ] as const
  ).map(key => RULES.map(rules => ({ [key]: rules[key] }))),
  // Not the deadlines: those of probes that run must not be moved into the past.
  RULES.map(({ halfOpen: { calls, concurrency, successRateThreshold } }) => ({
    halfOpen: { calls, concurrency, successRateThreshold },
  })),
  fc.record({
    mode: fc.constantFrom(
      'enforced' as const,
      'enforced' as const,
      'shadow' as const,
      'disabled' as const,
    ),
  }),
);

const SPAN = fc.constantFrom(1, 5, 9, 10, 11, 20, 21, 30, 31, 50, 51, 100, 999);
const MS = fc.option(fc.constantFrom(0, 5, 10, 11, 20, 21, 500), {
  nil: undefined,
});
const PERMIT = fc.oneof(
  { weight: 3, arbitrary: fc.constant(0) },
  { weight: 2, arbitrary: fc.nat({ max: 9 }) },
);

const COMMAND: fc.Arbitrary<Command> = fc.oneof(
  { weight: 9, arbitrary: fc.record({ do: fc.constant('acquire' as const) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('call' as const) }) },
  {
    weight: 7,
    arbitrary: fc.record({
      do: fc.constant('success' as const),
      permit: PERMIT,
      ms: MS,
    }),
  },
  {
    weight: 7,
    arbitrary: fc.record({
      do: fc.constant('failure' as const),
      permit: PERMIT,
      ms: MS,
      retryAfterSeconds: fc.option(fc.constantFrom(0, 1, 3), {
        nil: undefined,
        freq: 3,
      }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('release' as const),
      permit: PERMIT,
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('cancel' as const),
      permit: PERMIT,
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({ do: fc.constant('advance' as const), ms: SPAN }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('stepBack' as const), ms: SPAN }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('configure' as const),
      patch: PATCH,
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      // Twice, so that forced states do not last for most of a program.
      do: fc.constantFrom(
        'forceOpen' as const,
        'forceClosed' as const,
        'releaseOverride' as const,
        'releaseOverride' as const,
        'reset' as const,
      ),
    }),
  },
);

/** Random programs, as shrinkable data. */
export const PROGRAM: fc.Arbitrary<Program> = fc.record({
  rules: RULES,
  random: fc.constantFrom(0, 0.5),
  commands: fc.array(COMMAND, { maxLength: 80, size: 'max' }),
});
