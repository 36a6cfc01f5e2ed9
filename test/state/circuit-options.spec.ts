import { describe, expect, it } from '@jest/globals';
import { InvalidOptionsError } from '../../lib/errors/invalid-options.error.js';
import {
  circuitOptionsSchema,
  type CircuitOptions,
} from '../../lib/state/circuit-options.js';
import { examineOptions, parseOptions } from '../../lib/state/parse-options.js';

class Refused extends Error {}

const NOT_A_NUMBER = ['x', '', null, true, {}, [], 5n, Symbol('s'), () => 1];
// prettier-ignore
const WRONG_DURATIONS = [
  -1, -0.5, NaN, Infinity, '', ' ', 'soon', '-5s', '5 parsecs', null, true,
  {}, [], 5n, Symbol('s'), new Date(), `${'9'.repeat(101)}s`,
];
// prettier-ignore
const WRONG_COUNTS = [
  0, -1, 1.5, NaN, Infinity, 2 ** 53, '5', null, {}, [], 5n, Symbol('s'), () => 1,
];
// prettier-ignore
const WRONG_RATES = [
  0, -0.5, 1.001, 50, 0.0005, 0.3333, 0.5000001, NaN, Infinity, '0.5', '50%', null, {}, [], 1n,
];
const WRONG_FLAGS = [0, 1, 'true', '', null, {}, []];
const WRONG_FUNCTIONS = [0, 'x', null, true, {}, [], /x/];
const WRONG_LISTS = [0, 'x', null, true, {}, Error, () => true, new Set()];

/** What each option takes, and what it does not. */
const TABLE: Record<string, { takes: unknown[]; refuses: unknown[] }> = {
  mode: {
    takes: ['enforced', 'shadow', 'disabled'],
    refuses: ['Enforced', '', 'off', 0, null, true, {}, []],
  },
  window: {
    takes: [{}, { type: 'count' }, { type: 'time' }],
    refuses: [100, 'count', null, true, [], new Date(), new Map(), () => 1],
  },
  'window.type': { takes: ['count'], refuses: ['Time', '', 0, null, [], {}] },
  'window.size': {
    takes: [1, 100, 1_000_000],
    refuses: [...WRONG_COUNTS, false, true, 1_000_001],
  },
  'window.maxAge': {
    takes: [1, '5m', false, 0.5 + 0.5],
    refuses: [0, '0s', ...WRONG_DURATIONS],
  },
  'window.duration': {
    takes: [60, '10s', 100.5],
    refuses: [0, false, ...WRONG_DURATIONS],
  },
  'window.buckets': {
    takes: [1, 60, 10_000],
    refuses: [...WRONG_COUNTS, false, 100_001],
  },
  minimumCalls: { takes: [1, 20], refuses: [...WRONG_COUNTS, false, true] },
  failureRateThreshold: {
    takes: [0.001, 0.3, 0.333, 1, false],
    refuses: [...WRONG_RATES, true],
  },
  failureCount: { takes: [1, 5, false], refuses: [...WRONG_COUNTS, true] },
  consecutiveFailures: {
    takes: [1, 10, false],
    refuses: [...WRONG_COUNTS, true],
  },
  slowCallDuration: {
    takes: [0, 0.5, '2s', '1500ms', '500', false],
    refuses: WRONG_DURATIONS,
  },
  slowCallRateThreshold: {
    takes: [0.001, 0.5, 1, false],
    refuses: [...WRONG_RATES, true],
  },
  openDuration: {
    takes: [0, 1, '30s', () => 1000, { initial: '1s', multiplier: 2 }],
    refuses: [...WRONG_DURATIONS.filter(isNoGroup), false],
  },
  'openDuration.initial': {
    takes: [0, '1s'],
    refuses: [...WRONG_DURATIONS, false, undefined],
  },
  'openDuration.multiplier': {
    takes: [1, 1.5, 1000],
    refuses: [...NOT_A_NUMBER, 0, 0.99, 1001, NaN, Infinity, undefined],
  },
  maxOpenDuration: {
    takes: ['1m', 60_000],
    refuses: [0, false, ...WRONG_DURATIONS],
  },
  openJitter: {
    takes: [0, 0.3, 10],
    refuses: [...NOT_A_NUMBER, -0.1, 10.1, NaN, Infinity, false],
  },
  halfOpen: { takes: [{}], refuses: [0, '', null, true, false, [], new Map()] },
  'halfOpen.calls': { takes: [1, 100], refuses: [...WRONG_COUNTS, false] },
  'halfOpen.concurrency': { takes: [1, 50], refuses: [...WRONG_COUNTS, false] },
  'halfOpen.successRateThreshold': {
    takes: [0.001, 0.6, 1],
    refuses: [...WRONG_RATES, false],
  },
  'halfOpen.callDeadline': {
    takes: [1, '30s'],
    refuses: [0, false, ...WRONG_DURATIONS],
  },
  'halfOpen.maxDuration': {
    takes: [1, '60s'],
    refuses: [0, false, ...WRONG_DURATIONS],
  },
  recordErrors: {
    takes: [[], [Error, Refused], [() => true]],
    refuses: WRONG_LISTS,
  },
  'recordErrors[0]': { takes: [Error, () => true], refuses: WRONG_FUNCTIONS },
  ignoreErrors: { takes: [[], [TypeError]], refuses: WRONG_LISTS },
  'ignoreErrors[0]': { takes: [Error, () => true], refuses: WRONG_FUNCTIONS },
  classifyError: { takes: [() => 'failure'], refuses: WRONG_FUNCTIONS },
  bulkhead: {
    takes: [{ maxConcurrent: 1 }, false],
    refuses: [true, 5, '5', '', null, [], new Map(), () => 1],
  },
  'bulkhead.maxConcurrent': {
    takes: [1, 50],
    refuses: [...WRONG_COUNTS, false, true, undefined],
  },
  'bulkhead.maxQueue': {
    takes: [0, 1, 100],
    refuses: [...WRONG_COUNTS.filter(count => count !== 0), false, true],
  },
  'bulkhead.maxWait': {
    takes: [0, 1, '1s', '24 days'],
    refuses: [false, '25 days', 2 ** 31, ...WRONG_DURATIONS],
  },
  'bulkhead.maxHold': {
    takes: [1, '5m', '24 days'],
    refuses: [0, '0s', false, '25 days', 2 ** 31, ...WRONG_DURATIONS],
  },
  rateLimit: {
    takes: [{ limit: 1, interval: 1 }, false],
    refuses: [true, 5, '5', '', null, [], new Map(), () => 1],
  },
  'rateLimit.limit': {
    takes: [1, 100],
    refuses: [...WRONG_COUNTS, false, true, undefined],
  },
  'rateLimit.interval': {
    takes: [1, '1s', '30 days'],
    refuses: [0, '0s', false, ...WRONG_DURATIONS, undefined],
  },
  maxKeys: { takes: [1, 1_000], refuses: [...WRONG_COUNTS, false] },
  critical: { takes: [true, false], refuses: WRONG_FLAGS },
  captureStack: { takes: [true, false], refuses: WRONG_FLAGS },
};

describe('the times of a bulkhead', () => {
  it.each([
    [2 ** 31 - 1, 0],
    [2 ** 31, 1],
  ])('are what a timer can wait for: %p ms', (maxHold, problems) => {
    const bulkhead = { maxConcurrent: 1, maxHold };
    expect(
      examineOptions(circuitOptionsSchema, { bulkhead }).problems,
    ).toHaveLength(problems);
  });
});

describe('circuitOptionsSchema', () => {
  it('has the documented defaults', () => {
    expect(parseOptions(circuitOptionsSchema, {}, 'Circuit')).toEqual({
      mode: 'enforced',
      window: { type: 'count', size: 100, maxAge: 300_000 },
      minimumCalls: 20,
      failureRateThreshold: 0.5,
      failureCount: false,
      consecutiveFailures: 10,
      slowCallDuration: 2_000,
      slowCallRateThreshold: 0.5,
      openDuration: 60_000,
      maxOpenDuration: 600_000,
      openJitter: 0.3,
      halfOpen: {
        calls: 10,
        concurrency: 3,
        successRateThreshold: 0.6,
        callDeadline: 30_000,
        maxDuration: 60_000,
      },
      bulkhead: false,
      rateLimit: false,
      maxKeys: 1_000,
      critical: false,
      captureStack: false,
    });
  });

  it('fills in the defaults of a time window', () => {
    const { window } = parseOptions(
      circuitOptionsSchema,
      { window: { type: 'time' } },
      'Circuit',
    );

    expect(window).toEqual({ type: 'time', duration: 60_000, buckets: 60 });
  });

  it('fills in the defaults of a bulkhead', () => {
    const { bulkhead } = parseOptions(
      circuitOptionsSchema,
      { bulkhead: { maxConcurrent: 5 } },
      'Circuit',
    );

    expect(bulkhead).toEqual({
      maxConcurrent: 5,
      maxQueue: 0,
      maxWait: 1_000,
      maxHold: 300_000,
    });
  });

  it.each(rows('takes'))('takes %s: %p', (path, value) => {
    expect(examineOptions(circuitOptionsSchema, at(path, value))).toMatchObject(
      { problems: [] },
    );
  });

  it.each(rows('refuses'))('refuses %s: %p', (path, value) => {
    const { problems, output } = examineOptions(
      circuitOptionsSchema,
      at(path, value),
    );

    expect(problems.map(problem => problem.path)).toEqual([path]);
    expect(problems[0]!.message).toMatch(/^(got .+|is missing), takes ./s);
    expect(output).toBeUndefined();
  });

  it('has every option in the table above', () => {
    const missing = Object.keys(circuitOptionsSchema.shape).filter(
      option => !(option in TABLE),
    );

    expect(missing).toEqual([]);
  });

  it('reads durations in milliseconds, also from words', () => {
    const options: CircuitOptions = {
      slowCallDuration: '1.5s',
      openDuration: '2m',
      maxOpenDuration: '1h',
      window: { maxAge: '250ms' },
    };

    expect(
      parseOptions(circuitOptionsSchema, options, 'Circuit'),
    ).toMatchObject({
      slowCallDuration: 1_500,
      openDuration: 120_000,
      maxOpenDuration: 3_600_000,
      window: { maxAge: 250 },
    });
  });

  it('never takes a default in the place of zero', () => {
    const rules = parseOptions(
      circuitOptionsSchema,
      { openDuration: 0, openJitter: 0, slowCallDuration: 0 },
      'Circuit',
    );

    expect(rules).toMatchObject({
      openDuration: 0,
      openJitter: 0,
      slowCallDuration: 0,
    });
    expect(() =>
      parseOptions(circuitOptionsSchema, { minimumCalls: 0 }, 'Circuit'),
    ).toThrow(InvalidOptionsError);
  });

  it.each([
    ['failureRateThreshold', 0.1 + 0.2],
    ['slowCallRateThreshold', 0.7 - 0.1],
  ] as const)(
    'takes a %s that is a step but for the error of floating point',
    (option, value) => {
      const options = { [option]: value };

      expect(examineOptions(circuitOptionsSchema, options).problems).toEqual(
        [],
      );
    },
  );
});

function rows(column: 'takes' | 'refuses'): [string, unknown][] {
  return Object.entries(TABLE).flatMap(([path, row]) =>
    row[column].map((value): [string, unknown] => [path, value]),
  );
}

/** Options with one value at a path, and what must stand beside it. */
function at(path: string, value: unknown): object {
  if (path.endsWith('[0]')) return { [path.slice(0, -3)]: [value] };
  const [outer, inner] = path.split('.') as [string, string?];
  if (inner === undefined) return { [outer]: value };
  const beside: Record<string, object> = {
    initial: { multiplier: 2 },
    multiplier: { initial: '1s' },
    duration: { type: 'time' },
    buckets: { type: 'time' },
    limit: { interval: '1s' },
    interval: { limit: 1 },
    maxQueue: { maxConcurrent: 1 },
    maxWait: { maxConcurrent: 1 },
    maxHold: { maxConcurrent: 1 },
  };
  return { [outer]: { ...beside[inner], [inner]: value } };
}

function isNoGroup(value: unknown): boolean {
  return Object.prototype.toString.call(value) !== '[object Object]';
}
