import { describe, expect, it } from '@jest/globals';
import type { CircuitOptions } from '../../lib/state/circuit-options.js';
import { CircuitBench } from '../support/circuit-bench.js';

/** A circuit that is half-open from now on, with nothing in its tally. */
function halfOpen(options: CircuitOptions['halfOpen'] = {}) {
  return new CircuitBench({
    consecutiveFailures: 1,
    halfOpen: options,
    openDuration: '60s',
  }).tripToHalfOpen();
}

describe('rule 8: a probe past callDeadline', () => {
  it('rule 8: keeps its place for exactly callDeadline', () => {
    const bench = halfOpen({ concurrency: 1 });
    bench.acquire();
    bench.advance(30_000);
    expect(bench.isRefused()).toBe(true);
    bench.advance(1);
    expect(bench.isRefused()).toBe(false);
  });

  it('rule 8: counts as failed, in tally, window and totals, and not as slow', () => {
    const bench = halfOpen({ concurrency: 1 });
    const { failures, calls } = bench.totals;
    bench.acquire();
    bench.advance(30_001);
    bench.acquire();
    expect(bench.halfOpen).toEqual({
      admitted: 2,
      inFlight: 1,
      successes: 0,
      failures: 1,
    });
    expect(bench.window).toMatchObject({ calls: 1, failures: 1, slow: 0 });
    expect(bench.totals).toMatchObject({
      calls: calls + 1,
      failures: failures + 1,
      slow: 0,
    });
  });

  it('rule 8: is told as a failure', () => {
    const bench = halfOpen();
    bench.acquire();
    bench.advance(30_001);
    bench.events.length = 0;
    bench.acquire();
    expect(bench.told).toEqual(['failure']);
  });

  it.each(['success', 'failure', 'release'] as const)(
    'rule 8: its late %s changes nothing, totals included',
    ending => {
      const bench = halfOpen();
      const probe = bench.acquire();
      bench.advance(30_001);
      bench.acquire();
      const before = bench.circuit.snapshot();
      probe[ending]();
      expect(bench.circuit.snapshot()).toEqual({
        ...before,
        inFlight: expect.any(Number),
        inFlightSlow: expect.any(Number),
      });
    },
  );

  it.each(['success', 'failure'] as const)(
    'rule 8: a deadline that nobody noticed wins over its late %s',
    ending => {
      const bench = halfOpen();
      const { failures, successes } = bench.totals;
      const probe = bench.acquire();
      bench.advance(30_001);
      probe[ending]();
      expect(bench.halfOpen).toMatchObject({ successes: 0, failures: 1 });
      expect(bench.totals).toMatchObject({ failures: failures + 1, successes });
      expect(bench.window).toMatchObject({ calls: 1, failures: 1, slow: 0 });
    },
  );

  it('rule 8: a success at exactly callDeadline counts (against the verdict only as slow)', () => {
    const bench = halfOpen({ callDeadline: 1_000, calls: 1 });
    const probe = bench.acquire();
    bench.advance(1_000);
    probe.success();
    expect(bench.state).toBe('closed');
  });

  it('rule 8: is noticed at the outcome of another probe', () => {
    const bench = halfOpen();
    bench.acquire();
    bench.advance(30_000);
    const other = bench.acquire();
    bench.advance(1);
    other.success();
    expect(bench.halfOpen).toEqual({
      admitted: 2,
      inFlight: 0,
      successes: 1,
      failures: 1,
    });
  });

  it('rule 8: is not noticed by reading', () => {
    const bench = halfOpen({ calls: 1 });
    bench.acquire();
    const { generation } = bench.circuit;
    bench.advance(3_600_000);
    bench.circuit.snapshot();
    bench.circuit.explain();
    expect(bench.state).toBe('half-open');
    expect(bench.circuit.generation).toBe(generation);
  });

  it('rule 8: a verdict that it decides makes the wait count from the lapse', () => {
    const bench = halfOpen({ calls: 1 });
    bench.acquire();
    bench.advance(30_000 + 20_000);
    expect(bench.isRefused()).toBe(true);
    expect(bench.state).toBe('open');
    expect(bench.retryAfter).toBe(40_000);
    bench.advance(40_000);
    expect(bench.acquire().isProbe).toBe(true);
  });

  it('rule 8: when the wait after a lapse has run out too, the admission is the next probe', () => {
    const bench = halfOpen({ calls: 1 });
    bench.acquire();
    const { generation } = bench.circuit;
    bench.advance(30_000 + 60_000);
    expect(bench.acquire().isProbe).toBe(true);
    expect(bench.state).toBe('half-open');
    expect(bench.circuit.generation).toBe(generation + 2);
    expect(bench.circuit.snapshot().attempt).toBe(2);
  });

  it('rule 8: one that falls due after the verdict belongs to an older generation', () => {
    const bench = halfOpen({ calls: 2, successRateThreshold: 1 });
    const { successes, failures } = bench.totals;
    bench.acquire();
    bench.advance(1_000);
    const second = bench.acquire();
    bench.advance(50_000);
    expect(bench.isRefused()).toBe(true);
    second.success();
    expect(bench.totals).toMatchObject({
      successes: successes + 1,
      failures: failures + 1,
    });
  });

  it('rule 8: many hung probes in a row give way, one after another', () => {
    const bench = halfOpen({ concurrency: 1, maxDuration: '1h' });
    for (let probe = 1; probe <= 4; probe++) {
      bench.acquire();
      expect(bench.isRefused()).toBe(true);
      bench.advance(30_001);
    }
    bench.acquire();
    expect(bench.halfOpen).toMatchObject({ failures: 4, inFlight: 1 });
    bench.advance(30_001);
    expect(bench.isRefused()).toBe(true);
    expect(bench.state).toBe('open');
  });
});

describe('rule 8: half-open past maxDuration', () => {
  it('rule 8: is judged by the results so far: closes', () => {
    const bench = halfOpen().play('SS');
    bench.advance(60_000);
    bench.play('I');
    expect(bench.state).toBe('half-open');
    bench.advance(1);
    expect(bench.acquire().isProbe).toBe(false);
    expect(bench.state).toBe('closed');
  });

  it('rule 8: is judged by the results so far: opens, and waits from the lapse on', () => {
    const bench = halfOpen().play('SF');
    bench.advance(60_000 + 25_000);
    expect(bench.isRefused()).toBe(true);
    expect(bench.state).toBe('open');
    expect(bench.retryAfter).toBe(35_000);
  });

  it.each<[number, string]>([
    [0.6, 'closed'],
    [0.601, 'open'],
  ])(
    'rule 8: judges by the same exact threshold: 3 of 5 at %d is %s',
    (successRateThreshold, state) => {
      const bench = halfOpen({ calls: 20, successRateThreshold });
      bench.play('SFSFS').advance(60_001);
      bench.circuit.tryAcquire();
      expect(bench.state).toBe(state);
    },
  );

  it.each([
    ['S', 'closed'],
    ['F', 'open'],
    ['L', 'open'],
  ])(
    'rule 8: goes on without results, and then the first alone decides: %s is %s',
    (script, state) => {
      const bench = halfOpen();
      bench.advance(3_600_000);
      const probe = bench.acquire();
      expect(bench.state).toBe('half-open');
      probe.release();
      bench.play(script);
      expect(bench.state).toBe(state);
    },
  );

  it('rule 8: without results an expired probe is the first result', () => {
    const bench = halfOpen();
    bench.advance(60_001);
    bench.acquire();
    bench.advance(30_001);
    expect(bench.isRefused()).toBe(true);
    expect(bench.state).toBe('open');
    expect(bench.retryAfter).toBe(60_000 - 1);
  });

  it('rule 8: is noticed at an outcome, which then belongs to an older generation', () => {
    const bench = halfOpen().play('S');
    bench.advance(40_000);
    const probe = bench.acquire();
    bench.advance(20_001);
    probe.failure('down');
    expect(bench.state).toBe('closed');
    expect(bench.window.calls).toBe(0);
  });

  it('rule 8: deadlines are noticed in the order in which they fell due: the probe first', () => {
    const bench = halfOpen().play('S');
    bench.advance(10_000);
    bench.acquire();
    bench.advance(3_600_000);
    bench.circuit.tryAcquire();
    // One of two at 0.6; judged at maxDuration, so long ago that it is due again.
    expect(bench.transitions.slice(-2)).toEqual([
      'half-open>open',
      'open>half-open',
    ]);
  });

  it('rule 8: deadlines are noticed in the order in which they fell due: maxDuration first', () => {
    const bench = halfOpen().play('S');
    const { failures } = bench.totals;
    bench.advance(45_000);
    const probe = bench.acquire();
    bench.advance(3_600_000);
    bench.acquire();
    expect(bench.state).toBe('closed');
    expect(bench.totals.failures).toBe(failures);
    probe.success();
    expect(bench.window.calls).toBe(0);
  });

  it('rule 8: of equal due times the probe is first', () => {
    const bench = halfOpen().play('S');
    bench.advance(30_000);
    bench.acquire();
    bench.advance(30_001);
    bench.circuit.tryAcquire();
    expect(bench.state).toBe('open');
  });

  it('rule 8: a quiet circuit closes with a probe a minute', () => {
    const bench = halfOpen();
    const seen: string[] = [];
    for (let minute = 0; minute < 4; minute++) {
      seen.push(bench.play('S').state);
      bench.advance(60_000);
    }
    expect(seen.at(-1)).toBe('closed');
  });
});
