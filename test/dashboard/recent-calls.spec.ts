import { describe, expect, it } from '@jest/globals';
import type { HistoryView } from '../../lib/dashboard/call-history.js';
import type { CircuitFigures } from '../../lib/dashboard/circuit-view.js';
import { RecentCalls } from '../../lib/dashboard/page/recent-calls.js';

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
});
