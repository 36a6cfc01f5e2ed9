import type { CircuitState } from '../../state/circuit-state.js';
import {
  STATES_BY_TROUBLE,
  type NameFigures,
  type OpenedBy,
} from './name-figures.js';

/** The labels of one value beside `name`. */
export type Labels = Readonly<Record<string, string>>;

/** One value of a metric. */
export type Point = readonly [value: number, labels?: Labels];

/** A metric that is read from the figures. */
export interface FigureMetric {
  /** In the style of OpenTelemetry; Prometheus writes `_` for `.` and adds the unit and `_total`. */
  readonly name: string;
  readonly kind: 'counter' | 'gauge';
  readonly unit?: 's';
  readonly help: string;
  /** Whether the values of several processes make sense as a sum; else the largest one does. */
  readonly isSummed: boolean;
  points(figures: NameFigures): Iterable<Point>;
}

/** How a state is written as a number. */
const STATE_NUMBERS: Readonly<Record<CircuitState, number>> = {
  closed: 0,
  open: 1,
  'half-open': 2,
  'forced-open': 3,
  'forced-closed': 4,
};

const OPENED_BY: readonly OpenedBy[] = [
  'failureRateThreshold',
  'slowCallRateThreshold',
  'failureCount',
  'consecutiveFailures',
  'halfOpen',
  'shared',
  'override',
];

/**
 * Every metric but the durations of calls. A name has the same series at all
 * times: one that comes and goes would show its last value for minutes.
 */
export const FIGURE_METRICS: readonly FigureMetric[] = [
  {
    name: 'circuit_breaker.state',
    kind: 'gauge',
    isSummed: false,
    help: 'Where the circuit stands: 0 closed, 1 open, 2 half-open, 3 forced open, 4 forced closed. Of keyed circuits the one in most trouble.',
    points: ({ state, mode }) => [[STATE_NUMBERS[state], { mode }]],
  },
  {
    name: 'circuit_breaker.state.since.timestamp',
    kind: 'gauge',
    unit: 's',
    isSummed: false,
    help: 'When the state began, in seconds since the epoch.',
    points: ({ since }) => [[since / 1000]],
  },
  {
    name: 'circuit_breaker.opened_by',
    kind: 'gauge',
    isSummed: false,
    help: '1 for the rule that opened the circuit, 0 for the others.',
    points: ({ openedBy }) =>
      OPENED_BY.map(rule => [rule === openedBy ? 1 : 0, { rule }]),
  },
  {
    name: 'circuit_breaker.next_probe.timestamp',
    kind: 'gauge',
    unit: 's',
    isSummed: false,
    help: 'When the open circuit lets the next probe through, in seconds since the epoch; 0 unless open.',
    points: ({ nextProbe }) => [[(nextProbe ?? 0) / 1000]],
  },
  {
    name: 'circuit_breaker.failure_rate',
    kind: 'gauge',
    isSummed: false,
    help: 'Failures among the calls in the window, 0 to 1; 0 without calls. While open that of the window that tripped.',
    points: ({ window }) => [[rate(window.failures, window.calls)]],
  },
  {
    name: 'circuit_breaker.slow_call_rate',
    kind: 'gauge',
    isSummed: false,
    help: 'Slow calls among the calls in the window, 0 to 1; 0 without calls.',
    points: ({ window }) => [[rate(window.slow, window.calls)]],
  },
  {
    name: 'circuit_breaker.in_flight',
    kind: 'gauge',
    isSummed: true,
    help: 'Calls that were admitted and have not ended.',
    points: ({ inFlight }) => [[inFlight]],
  },
  {
    name: 'circuit_breaker.keyed_circuits',
    kind: 'gauge',
    isSummed: true,
    help: 'How many keyed circuits of the name are in each state.',
    points: ({ keyed }) =>
      keyed.size === 0
        ? []
        : STATES_BY_TROUBLE.map(state => [keyed.get(state) ?? 0, { state }]),
  },
  {
    name: 'circuit_breaker.calls',
    kind: 'counter',
    isSummed: true,
    help: 'Calls by what became of them: success, failure, ignored or rejected.',
    points: ({ totals }) => [
      [totals.successes, { result: 'success' }],
      [totals.failures, { result: 'failure' }],
      [totals.ignored, { result: 'ignored' }],
      [totals.rejected, { result: 'rejected' }],
    ],
  },
  {
    name: 'circuit_breaker.slow_calls',
    kind: 'counter',
    isSummed: true,
    help: 'Calls that took longer than slowCallDuration.',
    points: ({ totals }) => [[totals.slow]],
  },
  {
    name: 'circuit_breaker.timeouts',
    kind: 'counter',
    isSummed: true,
    help: 'Attempts and calls that were given up because they took too long.',
    points: ({ totals }) => [[totals.timeouts]],
  },
  {
    name: 'circuit_breaker.retries',
    kind: 'counter',
    isSummed: true,
    help: 'Attempts after the first one.',
    points: ({ totals }) => [[totals.retries]],
  },
  {
    name: 'circuit_breaker.fallbacks',
    kind: 'counter',
    isSummed: true,
    help: 'Calls that a fallback answered.',
    points: ({ totals }) => [[totals.fallbacks]],
  },
  {
    name: 'circuit_breaker.cache_hits',
    kind: 'counter',
    isSummed: true,
    help: 'Calls that the cache answered.',
    points: ({ totals }) => [[totals.cacheHits]],
  },
  {
    name: 'circuit_breaker.would_rejects',
    kind: 'counter',
    isSummed: true,
    help: 'Calls that mode shadow let through and mode enforced would have rejected.',
    points: ({ totals }) => [[totals.wouldReject]],
  },
  {
    name: 'circuit_breaker.transitions',
    kind: 'counter',
    isSummed: true,
    help: 'Changes of state.',
    points: ({ transitions }) =>
      Array.from(transitions, ({ from, to, count }) => [count, { from, to }]),
  },
];

/** The durations of calls, as Prometheus and OpenTelemetry have them. */
export const CALL_DURATION = {
  name: 'circuit_breaker.call.duration',
  unit: 's',
  help: 'How long the calls took that ended in success or failure, in seconds.',
  /** Upper bounds in seconds. */
  buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
} as const;

function rate(part: number, calls: number): number {
  return calls === 0 ? 0 : part / calls;
}
