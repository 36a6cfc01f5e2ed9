import * as fc from 'fast-check';
import type { CircuitOptions } from '../../lib/state/circuit-options.js';

/** What one attempt does; the last one of a call's script repeats. */
export interface Attempt {
  readonly end: 'value' | 'bad' | 'error' | 'answer' | 'ignored' | 'refusal';
  /** Milliseconds until it ends; 0 is a microtask later, `'at once'` before it returns, `'never'` when the program is over. */
  readonly after: number | 'at once' | 'never';
  /** Ends at its signal's abort, with the signal's reason. */
  readonly hears: boolean;
  /** Observables: values that come before the end, each after the same time. */
  readonly values: number;
}

/** How a call is made. */
export const DOORS = [
  'execute',
  'executeSync',
  'protect',
  'wrap promise',
  'wrap unknown promise',
  'wrap unknown observable',
  'wrap observable',
  'wrap value',
  'invoke promise',
  'invoke unknown promise',
  'invoke observable',
  'invoke unknown observable',
  'invoke unknown value',
] as const;
export type Door = (typeof DOORS)[number];

/** The forms that a fallback can have. */
export const FALLBACKS = [
  'none',
  'without parameter',
  'with error',
  'throws',
  'async',
  'rejects',
  'on class',
  'on nothing',
  'on throwing predicate',
  'array',
] as const;
export type FallbackForm = (typeof FALLBACKS)[number];

/** Call options as data. */
export interface PlanProgram {
  readonly fallback: FallbackForm;
  readonly timeout?: number | undefined;
  readonly deadline?: number | undefined;
  readonly retry?:
    | { attempts: number; initial: number; ratio: number; burst: number }
    | undefined;
  readonly cache?:
    | { staleFor: number; freshFor: number | false; coalesce: boolean }
    | undefined;
  readonly judgesResults: boolean;
  readonly settleOn: 'complete' | 'first';
}

export type DoorCommand =
  | {
      do: 'call';
      door: Door;
      plan: number;
      arg: number;
      attempts: readonly Attempt[];
      signal: 'none' | 'live' | 'live' | 'aborted';
    }
  | { do: 'abort' | 'unsubscribe'; call: number }
  /** Time, millisecond by millisecond or in one leap, as when the event loop was blocked. */
  | { do: 'pass' | 'leap'; ms: number }
  /** One turn of the microtasks, or all of them. */
  | { do: 'tick' | 'flush' }
  | { do: 'configure'; patch: CircuitOptions }
  | { do: 'forceOpen' | 'forceClosed' | 'releaseOverride' | 'reset' };

/** A circuit, the plans of its methods, and what is done to it. */
export interface DoorsProgram {
  readonly circuit: CircuitOptions;
  readonly plans: readonly PlanProgram[];
  /** Whether a listener hears every event. */
  readonly isHeard: boolean;
  readonly random: number;
  readonly commands: readonly DoorCommand[];
}

const MAYBE = { nil: undefined };

const BULKHEAD = fc.record({
  maxConcurrent: fc.constantFrom(1, 2),
  maxQueue: fc.constantFrom(0, 1, 3),
  maxWait: fc.constantFrom(0, 20, 50),
});

const RATE_LIMIT = fc.record({
  limit: fc.constantFrom(1, 3),
  interval: fc.constantFrom(20, 60),
});

const CIRCUIT: fc.Arbitrary<CircuitOptions> = fc.record({
  mode: fc.constantFrom(
    'enforced' as const,
    'enforced' as const,
    'enforced' as const,
    'shadow' as const,
    'disabled' as const,
  ),
  minimumCalls: fc.constantFrom(1, 3),
  consecutiveFailures: fc.constantFrom(1, 2, 5),
  slowCallDuration: fc.constantFrom(false as const, 15),
  openDuration: fc.constantFrom(0, 20, 60),
  openJitter: fc.constant(0),
  captureStack: fc.boolean(),
  halfOpen: fc.record({
    calls: fc.constantFrom(1, 2),
    concurrency: fc.constantFrom(1, 2),
    callDeadline: fc.constantFrom(10, 30),
    maxDuration: fc.constantFrom(20, 60),
  }),
  bulkhead: fc.oneof(fc.constant(false as const), BULKHEAD),
  rateLimit: fc.oneof(
    { weight: 3, arbitrary: fc.constant(false as const) },
    { weight: 1, arbitrary: RATE_LIMIT },
  ),
});

const PLAN: fc.Arbitrary<PlanProgram> = fc.record({
  fallback: fc.constantFrom(...FALLBACKS),
  timeout: fc.option(fc.constantFrom(5, 10, 20), MAYBE),
  deadline: fc.option(fc.constantFrom(10, 25, 50), MAYBE),
  retry: fc.option(
    fc.record({
      attempts: fc.constantFrom(1, 2, 3, 4),
      initial: fc.constantFrom(0, 5, 20),
      ratio: fc.constantFrom(0, 0.2, 1),
      burst: fc.constantFrom(0, 1, 10),
    }),
    MAYBE,
  ),
  cache: fc.option(
    fc.record({
      staleFor: fc.constantFrom(30, 1_000),
      freshFor: fc.constantFrom(false as const, 10, 30),
      coalesce: fc.boolean(),
    }),
    { nil: undefined, freq: 1 },
  ),
  judgesResults: fc.boolean(),
  settleOn: fc.constantFrom('complete' as const, 'first' as const),
});

const ATTEMPT: fc.Arbitrary<Attempt> = fc.record({
  end: fc.constantFrom(
    'value' as const,
    'value' as const,
    'bad' as const,
    'error' as const,
    'error' as const,
    'answer' as const,
    'ignored' as const,
    'refusal' as const,
  ),
  after: fc.constantFrom(
    0,
    0,
    5,
    10,
    20,
    40,
    'at once' as const,
    'never' as const,
  ),
  hears: fc.boolean(),
  values: fc.constantFrom(0, 0, 1, 2),
});

const CALL: fc.Arbitrary<DoorCommand> = fc.record({
  do: fc.constant('call' as const),
  door: fc.constantFrom(...DOORS),
  plan: fc.nat({ max: 1 }),
  arg: fc.nat({ max: 1 }),
  attempts: fc.array(ATTEMPT, { minLength: 1, maxLength: 3 }),
  signal: fc.constantFrom(
    'none' as const,
    'none' as const,
    'live' as const,
    'live' as const,
    'aborted' as const,
  ),
});

const COMMAND: fc.Arbitrary<DoorCommand> = fc.oneof(
  { weight: 10, arbitrary: CALL },
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constantFrom('pass' as const, 'leap' as const),
      ms: fc.constantFrom(1, 5, 10, 20, 50),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constantFrom('tick' as const, 'flush' as const),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constantFrom('abort' as const, 'unsubscribe' as const),
      call: fc.nat({ max: 3 }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constantFrom(
        'forceOpen' as const,
        'forceClosed' as const,
        'releaseOverride' as const,
        'releaseOverride' as const,
        'reset' as const,
      ),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('configure' as const),
      patch: fc.oneof(
        fc.record({ bulkhead: CIRCUIT.map(each => each.bulkhead ?? false) }),
        fc.record({ rateLimit: CIRCUIT.map(each => each.rateLimit ?? false) }),
        fc.record({ mode: CIRCUIT.map(each => each.mode ?? 'enforced') }),
      ),
    }),
  },
);

/** Random programs, as shrinkable data. */
export const DOORS_PROGRAM: fc.Arbitrary<DoorsProgram> = fc.record({
  circuit: CIRCUIT,
  plans: fc.array(PLAN, { minLength: 2, maxLength: 2 }),
  isHeard: fc.boolean(),
  random: fc.constantFrom(0, 0.5, 1),
  commands: fc.array(COMMAND, { maxLength: 30, size: 'max' }),
});
