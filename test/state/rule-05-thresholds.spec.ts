import { describe, expect, it } from '@jest/globals';
import { CircuitBench } from '../support/circuit-bench.js';

/** Threshold, calls and how many of them at least make it trip. */
const EXACT: [number, number, number][] = [
  [0.5, 20, 10],
  [0.5, 21, 11],
  [0.5, 399, 200],
  [0.1, 10, 1],
  [0.333, 3, 1],
  [0.334, 3, 2],
  [0.667, 3, 3],
  [0.666, 3, 2],
  [1, 100, 100],
  [0.999, 100, 100],
  [0.001, 1_000, 1],
  [0.001, 999, 1],
  [0.3, 10, 3],
  // As floating numbers 0.07 × 100 is 7.000000000000001, and so on.
  [0.07, 100, 7],
  [0.14, 100, 14],
  [0.28, 100, 28],
  [0.55, 100, 55],
  [0.56, 100, 56],
  [0.29, 100, 29],
  [0.57, 100, 57],
  [0.58, 100, 58],
  [0.175, 1_000, 175],
  [0.995, 200, 199],
];

describe('rule 5: thresholds are compared as integers', () => {
  describe.each(EXACT)('%d of %d calls', (threshold, calls, enough) => {
    it.each([
      [enough, 'open'],
      [enough - 1, 'closed'],
    ])('rule 5: %d failures leave the circuit %s', (failures, state) => {
      const bench = new CircuitBench({
        window: { size: calls },
        minimumCalls: calls,
        failureRateThreshold: threshold,
        consecutiveFailures: false,
      });
      bench.play('F'.repeat(failures) + 'S'.repeat(calls - failures));
      expect(bench.state).toBe(state);
    });

    it.each([
      [enough, 'open'],
      [enough - 1, 'closed'],
    ])('rule 5: %d slow calls leave the circuit %s', (slow, state) => {
      const bench = new CircuitBench({
        window: { size: calls },
        minimumCalls: calls,
        slowCallRateThreshold: threshold,
      });
      bench.play('L'.repeat(slow) + 'S'.repeat(calls - slow));
      expect(bench.state).toBe(state);
    });

    it.each([
      [enough, 'closed'],
      [enough - 1, 'open'],
    ])('rule 5: %d good probes end half-open as %s', (good, state) => {
      const bench = new CircuitBench({
        consecutiveFailures: 1,
        halfOpen: {
          calls,
          concurrency: calls,
          successRateThreshold: threshold,
        },
      });
      bench.tripToHalfOpen();
      const probes = bench.acquireMany(calls);
      // Good ones last, so that the verdict falls at the latest moment.
      for (const probe of probes.slice(good)) probe.failure('down');
      for (const probe of probes.slice(0, good)) probe.success();
      expect(bench.state).toBe(state);
    });
  });

  it('rule 5: rates in the snapshot are exact and null without calls', () => {
    const bench = new CircuitBench();
    expect(bench.window).toEqual({
      calls: 0,
      failures: 0,
      slow: 0,
      failureRate: null,
      slowCallRate: null,
      successRate: null,
      decided: false,
    });
    expect(bench.play('FSL').window).toEqual({
      calls: 3,
      failures: 1,
      slow: 1,
      failureRate: 1 / 3,
      slowCallRate: 1 / 3,
      successRate: 2 / 3,
      decided: false,
    });
  });

  it('rule 5: rates are decided from minimumCalls on', () => {
    const bench = new CircuitBench({ minimumCalls: 3 });
    expect(bench.play('SS').window.decided).toBe(false);
    expect(bench.play('S').window.decided).toBe(true);
  });
});
