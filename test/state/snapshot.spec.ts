import { describe, expect, it } from '@jest/globals';
import { CircuitBench } from '../support/circuit-bench.js';

describe('snapshot()', () => {
  it('is plain JSON', () => {
    const bench = new CircuitBench({ consecutiveFailures: 3 });
    for (const snapshot of [
      bench.play('SLFIF').circuit.snapshot(),
      bench.trip().circuit.snapshot(),
      bench.tripToHalfOpen().circuit.snapshot(),
    ]) {
      expect(JSON.parse(JSON.stringify(snapshot))).toEqual(snapshot);
    }
  });

  it('shows a fresh circuit', () => {
    const bench = new CircuitBench();
    expect(bench.circuit.snapshot()).toMatchObject({
      name: 'bench',
      key: null,
      state: 'closed',
      mode: 'enforced',
      generation: 0,
      since: bench.clock.wallTime(),
      attempt: 0,
      retryAfter: null,
      totals: {
        calls: 0,
        successes: 0,
        failures: 0,
        ignored: 0,
        slow: 0,
        rejected: 0,
        fallbacks: 0,
        wouldReject: 0,
      },
      inFlight: 0,
      inFlightSlow: 0,
      halfOpen: null,
      lastFailure: null,
      transitions: [],
    });
  });

  it('does not change after it was taken', () => {
    const bench = new CircuitBench({ consecutiveFailures: 1 });
    const snapshot = bench.circuit.snapshot();
    const copy = structuredClone(snapshot);
    bench.tripToHalfOpen().play('SF');
    expect(snapshot).toEqual(copy);
  });

  it('tells the last ten transitions, oldest first', () => {
    const bench = new CircuitBench({ consecutiveFailures: 1 });
    for (let round = 0; round < 6; round++) {
      bench.trip();
      bench.circuit.reset(`round ${round}`);
      bench.advance(1_000);
    }
    const { transitions } = bench.circuit.snapshot();
    expect(transitions).toHaveLength(10);
    expect(transitions[0]).toMatchObject({ from: 'closed', to: 'open' });
    expect(transitions.at(-1)).toEqual({
      from: 'open',
      to: 'closed',
      at: bench.clock.wallTime() - 1_000,
      reason: 'round 5',
    });
  });

  it.each<[string, unknown, string]>([
    ['an Error', new TypeError('bad'), 'bad'],
    ['a string', 'down', 'down'],
  ])('tells the last failure: %s', (_what, error, message) => {
    const bench = new CircuitBench();
    bench.acquire().failure(new Error('before'));
    bench.advance(10).acquire().failure(error);
    bench.advance(10).play('S');
    expect(bench.circuit.snapshot().lastFailure).toMatchObject({
      at: bench.clock.wallTime() - 10,
      message,
    });
  });

  it('is of a circuit whose slow calls were cancelled', () => {
    const bench = new CircuitBench({ slowCallDuration: 100 });
    const call = bench.circuit.machine.tryAcquire();
    bench.advance(101);
    call?.cancel();
    expect(bench.told).toEqual(['ignored', 'slow']);
    expect(bench.totals).toMatchObject({ calls: 1, ignored: 1, slow: 1 });
  });

  it('tells latencies', () => {
    const bench = new CircuitBench();
    for (let ms = 1; ms <= 100; ms++) bench.acquire().success(ms);
    const { latency } = bench.circuit.snapshot();
    expect(latency.mean).toBeCloseTo(50.5, 0);
    expect(latency.max).toBe(100);
    // Percentiles come from buckets: within a tenth.
    const { p50, p90, p99 } = latency as Record<'p50' | 'p90' | 'p99', number>;
    expect(Math.abs(p50 - 50)).toBeLessThan(6);
    expect(Math.abs(p90 - 90)).toBeLessThan(10);
    expect(Math.abs(p99 - 99)).toBeLessThan(11);
  });

  it('keeps a success rate beside the failure rate', () => {
    const { failureRate, successRate } = new CircuitBench().play('SSSF').window;
    expect([failureRate, successRate]).toEqual([0.25, 0.75]);
  });
});
