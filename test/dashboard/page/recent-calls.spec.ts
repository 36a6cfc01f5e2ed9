import { describe, expect, it } from '@jest/globals';
import type { HistoryView } from '../../../lib/dashboard/call-history.js';
import type { CircuitFigures } from '../../../lib/dashboard/circuit-view.js';
import { RecentCalls } from '../../../lib/dashboard/page/recent-calls.js';

const MINUTE = 1_700_000_000_000 - (1_700_000_000_000 % 60_000);

/** Five minutes of so many calls a second, as the server tells them. */
function steady(perSecond: number, until: number): HistoryView {
  return {
    step: 5,
    until,
    calls: minutes(5 * perSecond),
    failures: minutes(5),
    slow: minutes(0),
    rejected: minutes(0),
    fallbacks: minutes(0),
  };
}

function minutes(count: number): number[] {
  return Array<number>(60).fill(count);
}

function totalsOf(calls: number): CircuitFigures['totals'] {
  return {
    calls,
    successes: calls,
    failures: 0,
    ignored: 0,
    slow: 0,
    rejected: 0,
    timeouts: 0,
    retries: 0,
    fallbacks: 0,
    cacheHits: 0,
    wouldReject: 0,
  };
}

describe('the calls of the last minutes, on the page', () => {
  it.each([0, 1, 500, 1_000, 2_600, 4_999])(
    'have the right rate at once, %i ms into a step',
    offset => {
      const now = MINUTE + offset;
      const recent = new RecentCalls(totalsOf(3_000), steady(10, now));
      expect(recent.rates(now).calls).toBeCloseTo(10, 0);
    },
  );

  it('are all counted, once, wherever a step begins', () => {
    const now = MINUTE + 1_700;
    const recent = new RecentCalls(totalsOf(3_000), steady(7, now));
    expect(recent.sumSince(now - 40_000, now).calls).toBe(
      // Seven whole steps and what the current one has.
      7 * 35 + Math.round((35 * 1_700) / 5_000),
    );
    expect(recent.columns(now)[2].at(-2)).toBe(35);
    expect(recent.columns(now)[3].at(-2)).toBe(5);
  });

  it('go on from the totals', () => {
    const recent = new RecentCalls(totalsOf(100), undefined);
    for (let second = 1; second <= 15; second++) {
      recent.continue(totalsOf(100 + 4 * second), MINUTE + second * 1_000);
    }
    expect(recent.rates(MINUTE + 15_000).calls).toBeCloseTo(4);
  });

  it('are told by series, as they were added', () => {
    const recent = new RecentCalls(totalsOf(100), undefined);
    const totals = {
      ...totalsOf(110),
      failures: 1,
      slow: 2,
      rejected: 3,
      fallbacks: 4,
    };
    const added = {
      calls: 10,
      failures: 1,
      slow: 2,
      rejected: 3,
      fallbacks: 4,
    };
    // A message of the first instant of a step is about the step before.
    expect(recent.continue(totals, MINUTE)).toEqual(added);
    expect(recent.sumSince(MINUTE - 10_000, MINUTE)).toEqual(added);
    expect(recent.sumSince(MINUTE, MINUTE).calls).toBe(0);
    expect(recent.continue(totals, MINUTE + 1_000).calls).toBe(0);
    recent.continue({ ...totals, rejected: 8 }, MINUTE + 2_000);
    recent.continue({ ...totals, rejected: 8, fallbacks: 5 }, MINUTE + 3_000);
    expect(recent.sumSince(MINUTE - 1, MINUTE + 3_000)).toMatchObject({
      rejected: 5,
      fallbacks: 1,
    });
    expect(recent.rates(MINUTE + 3_000)).toEqual({
      calls: 10 / 13,
      rejected: 8 / 13,
    });
    const [times, all, calls, failures] = recent.columns(MINUTE + 3_000);
    expect(times).toHaveLength(60);
    expect(times.at(-1)).toBe(MINUTE / 1_000);
    expect(times[0]).toBe(MINUTE / 1_000 - 295);
    expect(all.slice(-3)).toEqual([0, 13, 5]);
    expect(calls.slice(-3)).toEqual([0, 10, 0]);
    expect(failures.slice(-3)).toEqual([0, 1, 0]);
  });

  it('are those of the step now where the moment was in it', () => {
    const recent = new RecentCalls(totalsOf(0), undefined);
    recent.continue(totalsOf(3), MINUTE + 2_000);
    expect(recent.sumSince(MINUTE + 1_000, MINUTE + 2_000).calls).toBe(3);
  });

  it('are forgotten after five minutes', () => {
    const recent = new RecentCalls(totalsOf(0), undefined);
    recent.continue(totalsOf(1), MINUTE + 1);
    recent.continue(totalsOf(3), MINUTE + 5_001);
    const later = MINUTE + 300_000;
    expect(recent.sumSince(0, later).calls).toBe(3);
    expect(recent.columns(later)[2].slice(0, 2)).toEqual([2, 0]);
    recent.continue(totalsOf(4), later + 1);
    // Gone, not only out of sight.
    expect(recent.sumSince(0, later - 5_000).calls).toBe(2);
  });
});
