import { describe, expect, it } from '@jest/globals';
import { Latency } from '../../lib/state/latency.js';

const NONE = { mean: null, p50: null, p90: null, p99: null, max: null };

/** A latency of calls that all ended at 0. */
function latencyOf(...durations: number[]): Latency {
  const latency = new Latency();
  for (const each of durations) latency.record(0, each);
  return latency;
}

/** Whole numbers from 1 to `last`. */
function upTo(last: number): number[] {
  return Array.from({ length: last }, (_, index) => index + 1);
}

describe('the latency of calls', () => {
  it('is null where there were none', () => {
    expect(new Latency().snapshot(0)).toEqual(NONE);
    expect(new Latency().snapshot(-1_000_000)).toEqual(NONE);
  });

  it.each([0, 0.01, 0.3, 0.5, 1, 7, 100, 12_345.678, 5_000_000])(
    'is exact where all took the same: %p ms',
    ms => {
      expect(latencyOf(ms, ms, ms).snapshot(0)).toEqual({
        mean: ms,
        p50: ms,
        p90: ms,
        p99: ms,
        max: ms,
      });
    },
  );

  it('has a percentile in the step of the call that ends that share of all', () => {
    // Half of four is the second; 90 % and 99 % of them are all four.
    const { p50, p90, p99 } = latencyOf(1, 10, 100, 1_000).snapshot(0);
    expect(p50).toBeGreaterThan(9.4);
    expect(p50).toBeLessThan(10.6);
    expect(p90).toBeGreaterThan(940);
    expect(p90).toBeLessThanOrEqual(1_000);
    expect(p99).toBe(p90);
  });

  it.each([
    [900, 90, 10, 1, 64],
    [899, 90, 11, 64, 1_000],
  ])(
    'has the 900th of a thousand calls at 90 %%, and the 990th at 99 %%: %i short, %i longer and %i long',
    (short, longer, long, p90, p99) => {
      const latency = latencyOf(
        ...Array<number>(short).fill(1),
        ...Array<number>(longer).fill(64),
        ...Array<number>(long).fill(1_000),
      ).snapshot(0);
      expect(Math.abs(latency.p90! / p90 - 1)).toBeLessThan(0.07);
      expect(Math.abs(latency.p99! / p99 - 1)).toBeLessThan(0.07);
    },
  );

  it.each([0.2, 0.45, 0.55, 1, 1.1, 3, 20, 333, 4_096, 70_000, 900_000])(
    'is off by 6 %% of %p ms at most, or by half a tick',
    ms => {
      // Neither the shortest nor the longest, which are known exactly.
      const { p50 } = latencyOf(0, ms, 1_000_000).snapshot(0);
      const off = Math.abs(p50! - ms);
      expect(off).toBeLessThanOrEqual(Math.max(ms * 0.0625, 1 / 32));
    },
  );

  it('tells apart what differs by a sixteenth of a millisecond', () => {
    const { p50 } = latencyOf(0, 3.5 / 16, 1).snapshot(0);
    expect(p50).toBe(3.5 / 16);
  });

  it('is in the middle of a step', () => {
    // From 16 to 18 ms is one step of the doubling from 16 to 32.
    expect(latencyOf(0, 16, 100).snapshot(0).p50).toBe(17);
    expect(latencyOf(0, 17.99, 100).snapshot(0).p50).toBe(17);
    expect(latencyOf(0, 18, 100).snapshot(0).p50).toBe(19);
  });

  it('counts what takes longer than it can tell as the longest', () => {
    const hours = 24 * 3_600_000;
    const { p50, max } = latencyOf(0, hours, hours).snapshot(0);
    expect(max).toBe(hours);
    // The middle of the last step, which ends at 2 ** 20 ms.
    expect(p50).toBe(15.5 * 2 ** 16);
  });

  it('has percentiles of many calls', () => {
    const { mean, p50, p90, p99, max } = latencyOf(...upTo(1_000)).snapshot(0);
    expect(mean).toBe(500.5);
    expect(p50! / 500).toBeCloseTo(1, 1);
    expect(p90! / 900).toBeCloseTo(1, 1);
    expect(p99! / 990).toBeCloseTo(1, 1);
    expect(max).toBe(1_000);
  });

  it('holds the calls of this minute and of the one before', () => {
    const latency = latencyOf(10, 30);
    latency.record(60_000, 100);
    expect(latency.snapshot(60_000)).toMatchObject({
      mean: 140 / 3,
      max: 100,
    });
    expect(latency.snapshot(119_999).mean).toBe(140 / 3);
    expect(latency.snapshot(120_000)).toMatchObject({ mean: 100, max: 100 });
    expect(latency.snapshot(180_000)).toEqual(NONE);
  });

  it('has the shortest, the longest and each percentile of both minutes', () => {
    // 10.9 is above the middle of its step, 99 below: only their own bounds are exact.
    const latency = latencyOf(10.9, 10.9, 10.9);
    latency.record(60_000, 99);
    const expected = { p50: 10.9, p90: 99, max: 99 };
    expect(latency.snapshot(60_000)).toMatchObject(expected);
    const other = latencyOf(99);
    for (let call = 0; call < 3; call++) other.record(60_000, 10.9);
    expect(other.snapshot(60_000)).toMatchObject(expected);
  });

  it('is as good as forgotten after two quiet minutes', () => {
    const kept = latencyOf(10);
    expect(kept.snapshot(119_999).mean).toBe(10);
    const gone = latencyOf(10);
    expect(gone.snapshot(120_000)).toEqual(NONE);
    gone.record(120_000, 50);
    expect(gone.snapshot(120_000).mean).toBe(50);
  });

  it('keeps a minute that has not ended', () => {
    const latency = latencyOf(10);
    latency.record(59_999, 30);
    // Were a minute begun there, the first call would be gone by now.
    expect(latency.snapshot(119_998).mean).toBe(20);
  });
});
