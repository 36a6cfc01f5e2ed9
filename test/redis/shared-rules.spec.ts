import { describe, expect, it } from '@jest/globals';
import { Circuit } from '../../lib/circuit/circuit.js';
import { RuleTable } from '../../lib/redis/rule-table.js';
import { sharedRules, windowDuration } from '../../lib/redis/shared-rules.js';
import type {
  CircuitOptions,
  CircuitRules,
} from '../../lib/state/circuit-options.js';

const WINDOW = { duration: 60_000, buckets: 60 };

function rulesOf(options: CircuitOptions): CircuitRules {
  return new Circuit('a', options).rules;
}

const shared = (options: CircuitOptions) =>
  sharedRules(rulesOf(options), WINDOW);

describe('rules as the script compares them', () => {
  it('are whole numbers, and thousandths for shares', () => {
    expect(
      shared({
        window: { type: 'count', size: 30, maxAge: false },
        minimumCalls: 7,
        failureRateThreshold: 0.25,
        slowCallDuration: 100,
        slowCallRateThreshold: 0.8,
        failureCount: 9,
        consecutiveFailures: 4,
        halfOpen: {
          calls: 5,
          concurrency: 2,
          successRateThreshold: 0.6,
          callDeadline: 10.5,
          maxDuration: 20.5,
        },
      }),
    ).toEqual({
      size: 30,
      width: 1_000,
      buckets: 60,
      minimumCalls: 7,
      failureRate: 250,
      slowRate: 800,
      failureCount: 9,
      consecutive: 4,
      probes: 5,
      concurrency: 2,
      successRate: 600,
      callDeadline: 11,
      maxDuration: 21,
    });
  });

  it('are 0 where they are off', () => {
    expect(
      shared({
        failureRateThreshold: false,
        slowCallDuration: false,
        slowCallRateThreshold: 0.8,
        failureCount: false,
        consecutiveFailures: 3,
      }),
    ).toMatchObject({ failureRate: 0, slowRate: 0, failureCount: 0 });
    expect(shared({ consecutiveFailures: false })).toMatchObject({
      consecutive: 0,
    });
  });

  it.each([
    [{ type: 'time', duration: 10_000, buckets: 10 }, 0, 1_000, 10],
    [{ type: 'time', duration: 10_000, buckets: 100 }, 0, 167, 60],
    [{ type: 'time', duration: 7, buckets: 3 }, 0, 3, 2],
    [{ type: 'count', size: 20, maxAge: 30_000 }, 20, 500, 60],
    [{ type: 'count', size: 20, maxAge: 90_000 }, 20, 1_000, 60],
  ] as const)('have the window %j in steps', (window, size, width, buckets) => {
    expect(shared({ window, minimumCalls: 1 })).toMatchObject({
      size,
      width,
      buckets,
    });
  });

  it('have one step at least', () => {
    const fleetWindow = { duration: 0.4, buckets: 1 };
    expect(sharedRules(rulesOf({}), fleetWindow).buckets).toBe(1);
  });
});

describe('the time after which a call no longer counts', () => {
  it.each([
    [{ type: 'time', duration: 10_000 }, 10_000],
    [{ type: 'time', duration: 90_000 }, 90_000],
    [{ type: 'count', maxAge: 10_000 }, 10_000],
    [{ type: 'count', maxAge: 90_000 }, 60_000],
    [{ type: 'count', maxAge: false }, 60_000],
  ] as const)('of the window %j is %d ms', (window, expected) => {
    expect(windowDuration(rulesOf({ window }), WINDOW)).toBe(expected);
  });
});

describe('the rules of one request', () => {
  it('are there once, by numbers from 1', () => {
    const table = new RuleTable(WINDOW);
    const [one, alike, other] = [
      rulesOf({ failureCount: 3 }),
      rulesOf({ failureCount: 3, maxKeys: 7 }),
      rulesOf({ failureCount: 4 }),
    ];
    const indices = [one, alike, other, one, alike, other].map(rules =>
      table.indexOf(rules),
    );
    expect(indices).toEqual([1, 1, 2, 1, 1, 2]);
    expect(table.rules).toEqual([
      shared({ failureCount: 3 }),
      shared({ failureCount: 4 }),
    ]);
  });

  it('are those of its window, also where a request with another has them', () => {
    const rules = rulesOf({ window: { type: 'count', maxAge: false } });
    const [one, other] = [WINDOW, { duration: 600, buckets: 6 }].map(window => {
      const table = new RuleTable(window);
      table.indexOf(rules);
      return table.rules[0]!;
    });
    expect(one).toMatchObject({ width: 1_000, buckets: 60 });
    expect(other).toMatchObject({ width: 100, buckets: 6 });
  });

  it('are worked out once for all requests', () => {
    const rules = rulesOf({ failureCount: 5 });
    const window = { duration: 600, buckets: 6 };
    const [one, other] = [1, 2].map(() => {
      const table = new RuleTable(window);
      table.indexOf(rules);
      return table.rules[0];
    });
    expect(one).toBe(other);
  });
});
