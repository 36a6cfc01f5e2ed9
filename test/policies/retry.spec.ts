import { describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import {
  Retry,
  retrySchema,
  type RetryRules,
} from '../../lib/policies/retry.js';
import { RetryBudget } from '../../lib/policies/retry-budget.js';
import { VirtualClock } from '../support/virtual-clock.js';

const parse = (input: z.input<typeof retrySchema>) =>
  retrySchema.parse(input) as RetryRules;

function setUp(
  input: Exclude<z.input<typeof retrySchema>, false | undefined>,
  random: () => number = () => 1,
) {
  const clock = new VirtualClock();
  const reported: string[] = [];
  const rules = parse(input);
  const retry = new Retry(
    rules,
    {
      name: 'rates',
      clock,
      captureStack: false,
      report: what => reported.push(what),
      warn: () => {},
    },
    random,
    rules.budget === false ? undefined : new RetryBudget(rules.budget),
  );
  return { clock, retry, reported };
}

const error = new Error('down');

describe('retry', () => {
  it('waits longer each time, up to max', () => {
    const { retry } = setUp({
      attempts: 9,
      backoff: { initial: 100, multiplier: 3, max: 1_000 },
      budget: false,
    });
    const waits = [1, 2, 3, 4, 8].map(attempt =>
      retry.delayAfter(attempt, error),
    );
    expect(waits).toEqual([100, 300, 900, 1_000, 1_000]);
  });

  it.each([
    [1, 0, 0],
    [1, 0.25, 25],
    [0.5, 0, 50],
    [0.5, 0.5, 75],
    [0, 0, 100],
  ])(
    'with jitter %d and a draw of %d waits %d ms of 100',
    (jitter, draw, wait) => {
      const { retry } = setUp(
        { attempts: 2, backoff: { initial: 100, jitter }, budget: false },
        () => draw,
      );
      expect(retry.delayAfter(1, error)).toBe(wait);
    },
  );

  it('gives up after the last attempt', () => {
    const { retry } = setUp({ attempts: 3, budget: false });
    expect(retry.delayAfter(2, error)).toBeDefined();
    expect(retry.delayAfter(3, error)).toBeUndefined();
  });

  it('tries only the errors again that it is told to', () => {
    class Busy extends Error {}
    const { retry } = setUp({
      attempts: 2,
      retryErrors: [Busy, thrown => thrown === 'again'],
      budget: false,
    });
    expect(retry.delayAfter(1, new Busy())).toBeDefined();
    expect(retry.delayAfter(1, 'again')).toBeDefined();
    expect(retry.delayAfter(1, error)).toBeUndefined();
  });

  it('gives up when retryErrors throws, and says so', () => {
    const { retry, reported } = setUp({
      attempts: 2,
      retryErrors: [
        () => {
          throw new Error('a bug');
        },
      ],
    });
    expect(retry.delayAfter(1, error)).toBeUndefined();
    expect(reported).toEqual(['retryErrors']);
  });

  it('waits at least as long as Retry-After asks for', () => {
    const { retry } = setUp({ attempts: 2, budget: false });
    const busy = { response: { headers: { 'retry-after': '7' } } };
    expect(retry.delayAfter(1, busy)).toBe(7_000);
  });

  it.each([
    ['60', {}, 60_000],
    ['60.001', {}, undefined],
    ['61', {}, undefined],
    // Node's timers fire at once when they are told to wait that long.
    [String(30 * 86_400), {}, undefined],
    ['61', { max: 90_000 }, 61_000],
    ['91', { max: 90_000 }, undefined],
  ])(
    'with Retry-After %s and backoff %j waits %p ms',
    (retryAfter, backoff, wait) => {
      const { retry } = setUp({ attempts: 2, backoff, budget: false });
      const busy = { response: { headers: { 'retry-after': retryAfter } } };
      expect(retry.delayAfter(1, busy)).toBe(wait);
    },
  );

  it('gives up when the wait would pass the deadline, and keeps the budget', () => {
    const { retry } = setUp({
      attempts: 2,
      backoff: { initial: 100 },
      budget: { ratio: 0, burst: 1 },
    });
    expect(retry.delayAfter(1, error, 100)).toBeUndefined();
    expect(retry.delayAfter(1, error, 101)).toBe(100);
    expect(retry.delayAfter(1, error, 101)).toBeUndefined();
  });

  it('has a budget unless it is switched off', () => {
    const { retry } = setUp({ attempts: 2 });
    const retried = Array.from({ length: 100 }, () => {
      retry.begin();
      return retry.delayAfter(1, error);
    }).filter(delay => delay !== undefined);
    expect(retried).toHaveLength(23);
  });
});

describe('a retry budget', () => {
  const RULES = { ratio: 0.1, burst: 2, per: 1_000 };

  it('allows the burst without any call', () => {
    const budget = new RetryBudget(RULES);
    expect([1, 2, 3].map(() => budget.tryTake(0))).toEqual([true, true, false]);
  });

  it('earns its ratio with each call', () => {
    const budget = new RetryBudget(RULES);
    for (let call = 0; call < 30; call++) budget.countCall(0);
    const taken = Array.from({ length: 20 }, () => budget.tryTake(0));
    expect(taken.filter(Boolean)).toHaveLength(5);
  });

  it('forgets calls and retries after its time', () => {
    const budget = new RetryBudget(RULES);
    for (let call = 0; call < 100; call++) budget.countCall(0);
    for (let retry = 0; retry < 12; retry++) budget.tryTake(0);
    expect(budget.tryTake(999)).toBe(false);
    expect([1, 2, 3].map(() => budget.tryTake(1_000))).toEqual([
      true,
      true,
      false,
    ]);
  });

  it('lets old calls and retries go in tenths of its time', () => {
    expect(spent(99).tryTake(999)).toBe(false);
    expect(spent(99).tryTake(1_000)).toBe(true);
    expect(spent(100).tryTake(1_099)).toBe(false);
    expect(spent(100).tryTake(1_100)).toBe(true);
  });
});

/** A budget of one retry, which was made. */
function spent(at: number): RetryBudget {
  const budget = new RetryBudget({ ratio: 0, burst: 1, per: 1_000 });
  budget.tryTake(at);
  return budget;
}
