import { describe, expect, it } from '@jest/globals';
import type { CircuitOptions } from '../../lib/state/circuit-options.js';
import { CircuitBench } from '../support/circuit-bench.js';

function halfOpen(options: CircuitOptions['halfOpen']) {
  return new CircuitBench({
    consecutiveFailures: 1,
    ...(options && { halfOpen: options }),
  }).tripToHalfOpen();
}

describe('rule 6: the two caps of half-open', () => {
  it('rule 6: at most 3 probes at once by default', () => {
    const bench = halfOpen(undefined);
    bench.acquireMany(3);
    expect(bench.circuit.tryAcquire()).toBeUndefined();
    expect(bench.halfOpen).toMatchObject({ admitted: 3, inFlight: 3 });
  });

  it('rule 6: the first admission after the wait is a probe itself', () => {
    const bench = new CircuitBench({ consecutiveFailures: 1 });
    expect(bench.tripAndProbe().isProbe).toBe(true);
    expect(bench.halfOpen).toMatchObject({ admitted: 1, inFlight: 1 });
  });

  it.each(['success', 'failure', 'release'] as const)(
    'rule 6: a probe that ends with %s makes room for one more',
    ending => {
      const bench = halfOpen({ calls: 10, concurrency: 3 });
      const [probe] = bench.acquireMany(3);
      probe?.[ending]();
      bench.acquire();
      expect(bench.isRefused()).toBe(true);
    },
  );

  it('rule 6: no more probes in all than calls', () => {
    const bench = halfOpen({
      calls: 4,
      concurrency: 3,
      successRateThreshold: 1,
    });
    bench.play('SS');
    bench.acquireMany(2);
    expect(bench.circuit.tryAcquire()).toBeUndefined();
    expect(bench.halfOpen).toEqual({
      admitted: 4,
      inFlight: 2,
      successes: 2,
      failures: 0,
    });
  });

  it('rule 6: concurrency over calls means calls', () => {
    const bench = halfOpen({ calls: 2, concurrency: 5 });
    bench.acquireMany(2);
    expect(bench.isRefused()).toBe(true);
  });

  it('rule 6: what is over a cap consumes nothing', () => {
    const bench = halfOpen({ calls: 3, concurrency: 1 });
    const probe = bench.acquire();
    const before = bench.circuit.snapshot();
    for (let call = 0; call < 5; call++) bench.circuit.tryAcquire();
    expect(bench.circuit.snapshot()).toEqual({
      ...before,
      totals: { ...before.totals, rejected: before.totals.rejected + 5 },
    });
    probe.success();
    expect(bench.statesAfter('S')).toEqual(['closed']);
  });

  it('rule 6: what is over a cap is rejected at once, to come back in a second', async () => {
    const bench = halfOpen({ calls: 3, concurrency: 1 });
    bench.acquire();
    let started = false;
    await expect(
      bench.circuit.execute(() => {
        started = true;
      }),
    ).rejects.toMatchObject({ code: 'CIRCUIT_OPEN', retryAfter: 1_000 });
    expect(started).toBe(false);
  });

  it('rule 6: nobody waits: no timer runs while the caps are full', () => {
    const bench = halfOpen({ calls: 3, concurrency: 1 });
    bench.acquire();
    bench.circuit.execute(() => 1).catch(() => {});
    expect(bench.clock.pending).toBe(0);
  });

  it("rule 6: a rejection tells the circuit's name", async () => {
    const bench = new CircuitBench({ consecutiveFailures: 1 }).trip();
    await expect(bench.circuit.execute(() => 1)).rejects.toMatchObject({
      code: 'CIRCUIT_OPEN',
      circuit: 'bench',
      retryAfter: 60_000,
    });
  });
});
