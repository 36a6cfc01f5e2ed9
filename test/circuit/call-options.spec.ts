import { describe, expect, it } from '@jest/globals';
import {
  callOptionsSchema,
  compileCallOptions,
  type CallOptions,
} from '../../lib/circuit/call-options.js';
import { InvalidOptionsError } from '../../lib/errors/invalid-options.error.js';
import { examineOptions, parseOptions } from '../../lib/state/parse-options.js';

class Refused extends Error {}

// prettier-ignore
const WRONG_DURATIONS = [
  -1, -0.5, NaN, Infinity, '', ' ', 'soon', '-5s', '5 parsecs', null, true,
  {}, [], 5n, Symbol('s'), new Date(), `${'9'.repeat(101)}s`,
];
/** Node's timers fire at once when they are told to wait for so long. */
const TOO_LONG_FOR_TIMERS = ['25 days', 2 ** 31];
// prettier-ignore
const WRONG_COUNTS = [
  0, -1, 1.5, NaN, Infinity, 2 ** 53, '5', null, {}, [], 5n, Symbol('s'), () => 1,
];
const NOT_A_NUMBER = ['x', '', null, true, {}, [], 5n, Symbol('s'), () => 1];
const WRONG_SHARES = [...NOT_A_NUMBER, -0.1, 1.1, NaN, Infinity, false];
const WRONG_FUNCTIONS = [0, 'x', null, true, {}, [], /x/];
const WRONG_GROUPS = [true, 5, '5', '', null, [], new Map(), () => 1];

/** What each option takes, and what it does not. */
const TABLE: Record<string, { takes: unknown[]; refuses: unknown[] }> = {
  fallback: {
    takes: [
      'method',
      'm',
      () => 1,
      { on: Refused, use: () => 1 },
      ['method'],
      ['method', { on: () => true, use: 'method' }],
    ],
    refuses: [0, '', null, true, {}, [], { use: 'x' }, { on: Error }],
  },
  timeout: {
    takes: [1, 0.5 + 0.5, '2s', '24 days', false],
    refuses: [0, '0s', ...TOO_LONG_FOR_TIMERS, ...WRONG_DURATIONS],
  },
  deadline: {
    takes: [1, '2s', '24 days', false],
    refuses: [0, '0s', ...TOO_LONG_FOR_TIMERS, ...WRONG_DURATIONS],
  },
  retry: { takes: [{ attempts: 1 }, false], refuses: WRONG_GROUPS },
  'retry.attempts': {
    takes: [1, 5],
    refuses: [...WRONG_COUNTS, false, true, undefined],
  },
  'retry.backoff': { takes: [{}], refuses: [...WRONG_GROUPS, false] },
  'retry.backoff.initial': {
    takes: [0, 100, '1s'],
    refuses: [false, ...TOO_LONG_FOR_TIMERS, ...WRONG_DURATIONS],
  },
  'retry.backoff.multiplier': {
    takes: [1, 1.5, 1000],
    refuses: [...NOT_A_NUMBER, 0, 0.99, 1001, NaN, Infinity, false],
  },
  'retry.backoff.max': {
    takes: [0, '10s'],
    refuses: [false, ...TOO_LONG_FOR_TIMERS, ...WRONG_DURATIONS],
  },
  'retry.backoff.jitter': { takes: [0, 0.5, 1], refuses: WRONG_SHARES },
  'retry.retryErrors': {
    takes: [[], [Error, Refused], [() => true]],
    refuses: [0, 'x', null, true, {}, Error, () => true, new Set()],
  },
  'retry.retryErrors[0]': {
    takes: [Error, () => true],
    refuses: WRONG_FUNCTIONS,
  },
  'retry.budget': { takes: [{}, false], refuses: WRONG_GROUPS },
  'retry.budget.ratio': { takes: [0, 0.2, 1], refuses: WRONG_SHARES },
  'retry.budget.burst': {
    takes: [0, 3],
    refuses: [...WRONG_COUNTS.filter(count => count !== 0), false],
  },
  'retry.budget.per': {
    takes: [1, '10s', '30 days'],
    refuses: [0, '0s', false, ...WRONG_DURATIONS],
  },
  cache: { takes: [{ staleFor: 1 }, false], refuses: WRONG_GROUPS },
  'cache.staleFor': {
    takes: [1, '10m', '30 days'],
    refuses: [0, '0s', false, ...WRONG_DURATIONS, undefined],
  },
  'cache.freshFor': {
    takes: [1, '10s', false],
    refuses: [0, '0s', ...WRONG_DURATIONS],
  },
  'cache.key': { takes: [() => 'key'], refuses: WRONG_FUNCTIONS },
  'cache.maxEntries': {
    takes: [1, 1_000_000],
    refuses: [...WRONG_COUNTS, false, 1_000_001],
  },
  'cache.coalesce': {
    takes: [true, false],
    refuses: [0, 1, 'true', '', null, {}, []],
  },
  'cache.deadline': {
    takes: [1, '50ms', '24 days'],
    refuses: [0, '0s', false, ...TOO_LONG_FOR_TIMERS, ...WRONG_DURATIONS],
  },
  key: { takes: [() => 'key'], refuses: WRONG_FUNCTIONS },
  isFailureResult: { takes: [() => true], refuses: WRONG_FUNCTIONS },
  settleOn: {
    takes: ['complete', 'first'],
    refuses: ['First', '', 0, null, true, {}, []],
  },
  returns: {
    takes: ['promise', 'observable', 'value'],
    refuses: ['Promise', '', 0, null, true, {}, [], Promise],
  },
};

describe('callOptionsSchema', () => {
  it('has the documented defaults', () => {
    expect(parseOptions(callOptionsSchema, {}, 'Call')).toMatchObject({
      timeout: false,
      deadline: false,
      retry: false,
      settleOn: 'complete',
    });
  });

  it('fills in the defaults of a retry', () => {
    const { retry } = compileCallOptions({ retry: { attempts: 3 } });

    expect(retry).toEqual({
      attempts: 3,
      backoff: { initial: 100, multiplier: 2, max: 10_000, jitter: 1 },
      budget: { ratio: 0.2, burst: 3, per: 10_000 },
    });
  });

  it('reads durations in milliseconds, also from words', () => {
    const options: CallOptions = {
      timeout: '1.5s',
      deadline: '1m',
      retry: {
        attempts: 2,
        backoff: { initial: '50ms', max: '2s' },
        budget: { per: '1m' },
      },
    };

    expect(compileCallOptions(options)).toMatchObject({
      timeout: 1_500,
      deadline: 60_000,
      retry: { backoff: { initial: 50, max: 2_000 }, budget: { per: 60_000 } },
    });
  });

  it.each(rows('takes'))('takes %s: %p', (path, value) => {
    expect(examineOptions(callOptionsSchema, at(path, value))).toMatchObject({
      problems: [],
    });
  });

  it.each(rows('refuses'))('refuses %s: %p', (path, value) => {
    const { problems, output } = examineOptions(
      callOptionsSchema,
      at(path, value),
    );

    expect(problems).toHaveLength(1);
    // A fallback is told as a whole, or the part of it that is wrong.
    expect(problems[0]!.path.startsWith(path)).toBe(true);
    expect(problems[0]!.message).toMatch(/^(got .+|is missing), takes ./s);
    expect(output).toBeUndefined();
  });

  it.each<[string, object]>([
    ['fallback', { on: Refused, use: 'method' }],
    ['retry', { attempts: 1 }],
    ['retry.backoff', {}],
    ['retry.budget', {}],
    ['cache', { staleFor: 1 }],
  ])('refuses what is no option of %s', (path, group) => {
    const { problems } = examineOptions(
      callOptionsSchema,
      at(path, { ...group, noSuchOption: 1 }),
    );

    expect(problems).toMatchObject([
      {
        path: `${path}.noSuchOption`,
        message: expect.stringContaining('there is no such option'),
      },
    ]);
  });

  it('has every option in the table above', () => {
    const missing = Object.keys(callOptionsSchema.shape).filter(
      option => !(option in TABLE),
    );

    expect(missing).toEqual([]);
  });

  it('refuses a cache that is fresh for longer than it is stale for', () => {
    const cache = { staleFor: '10s', freshFor: '11s' };

    const { problems } = examineOptions(callOptionsSchema, { cache });

    expect(problems.map(({ path }) => path)).toEqual(['cache.freshFor']);
  });

  it('tells every mistake in one error, and the closest name of an unknown option', () => {
    const options = { timeuot: '2s', retry: { attempts: 0, bugdet: false } };

    expect(() => compileCallOptions(options as object, 'Rates.get')).toThrow(
      InvalidOptionsError,
    );
    const { problems } = examineOptions(callOptionsSchema, options);
    expect(problems.map(({ path }) => path).toSorted()).toEqual([
      'retry.attempts',
      'retry.bugdet',
      'timeuot',
    ]);
    expect(problems.map(({ message }) => message).join()).toContain('timeout');
  });
});

describe('a plan', () => {
  it.each<[CallOptions, { isBare: boolean; hasPolicies: boolean }]>([
    [{}, { isBare: true, hasPolicies: false }],
    [{ isFailureResult: () => false }, { isBare: true, hasPolicies: false }],
    [{ fallback: () => 1 }, { isBare: false, hasPolicies: false }],
    [{ key: () => 'key' }, { isBare: false, hasPolicies: false }],
    [{ timeout: 1 }, { isBare: false, hasPolicies: true }],
    [{ deadline: 1 }, { isBare: false, hasPolicies: true }],
    [{ retry: { attempts: 2 } }, { isBare: false, hasPolicies: true }],
    [{ cache: { staleFor: 1 } }, { isBare: false, hasPolicies: true }],
  ])('knows what stands around the call: %p', (options, flags) => {
    expect(compileCallOptions(options)).toMatchObject(flags);
  });
});

function rows(column: 'takes' | 'refuses'): [string, unknown][] {
  return Object.entries(TABLE).flatMap(([path, row]) =>
    row[column].map((value): [string, unknown] => [path, value]),
  );
}

/** Options with one value at a path, and what must stand beside it. */
function at(path: string, value: unknown): object {
  if (path.endsWith('[0]')) return at(path.slice(0, -3), [value]);
  const [outer, ...inner] = path.split('.') as [string, ...string[]];
  if (inner.length === 0) return { [outer]: value };
  const required: Record<string, object> = {
    retry: { attempts: 2 },
    cache: { staleFor: '1h' },
  };
  return { [outer]: { ...required[outer], ...at(inner.join('.'), value) } };
}
