import { describe, expect, it } from '@jest/globals';
import { CircuitBench } from '../support/circuit-bench.js';

describe('rule 1: generations', () => {
  it('rule 1: a new circuit is closed, in generation 0', () => {
    const { circuit } = new CircuitBench();
    expect([circuit.state, circuit.generation]).toEqual(['closed', 0]);
  });

  it.each<[string, (bench: CircuitBench) => unknown, number]>([
    ['closed to open', bench => bench.trip(), 1],
    ['open to half-open', bench => bench.tripAndProbe(), 2],
    ['half-open to closed', bench => bench.tripAndProbe().success(), 3],
    ['half-open to open', bench => bench.tripAndProbe().failure('down'), 3],
    ['forceOpen', bench => bench.circuit.forceOpen(), 1],
    ['forceClosed', bench => bench.circuit.forceClosed(), 1],
    ['reset of a closed circuit', bench => bench.circuit.reset(), 1],
  ])('rule 1: %s starts one new generation', (_what, act, generation) => {
    const bench = new CircuitBench({
      consecutiveFailures: 1,
      halfOpen: { calls: 1 },
    });
    act(bench);
    expect(bench.circuit.generation).toBe(generation);
  });

  it.each(['forceOpen', 'forceClosed'] as const)(
    'rule 1: releasing %s starts a new generation',
    override => {
      const { circuit } = new CircuitBench();
      circuit[override]();
      circuit.releaseOverride();
      expect(circuit.generation).toBe(2);
    },
  );

  it('rule 1: outcomes and configure start none', () => {
    const bench = new CircuitBench().play('SFLI');
    bench.circuit.configure({ minimumCalls: 7 });
    expect(bench.circuit.generation).toBe(0);
  });

  it('rule 1: an admission carries its generation and whether it is a probe', () => {
    const bench = new CircuitBench({ consecutiveFailures: 1 });
    const call = bench.acquire();
    const probe = bench.tripAndProbe();
    expect([call.generation, call.isProbe]).toEqual([0, false]);
    expect([probe.generation, probe.isProbe]).toEqual([2, true]);
  });

  it.each(['success', 'failure', 'release'] as const)(
    'rule 1: %s of an older generation is counted in the totals alone',
    ending => {
      const bench = new CircuitBench({ consecutiveFailures: 2 });
      const late = bench.acquire();
      bench.tripToHalfOpen();
      const before = bench.circuit.snapshot();
      late[ending]('down' as never);
      const after = bench.circuit.snapshot();
      expect(after.totals.calls).toBe(before.totals.calls + 1);
      expect(after).toEqual({
        ...before,
        totals: after.totals,
        inFlight: before.inFlight - 1,
        inFlightSlow: before.inFlightSlow - 1,
        // What people read of the last failure and of latencies may follow.
        lastFailure: after.lastFailure,
        latency: after.latency,
      });
    },
  );

  it('rule 1: late failures do not open a circuit that closed since', () => {
    const bench = new CircuitBench({ consecutiveFailures: 2, failureCount: 2 });
    const late = bench.acquireMany(5);
    bench.circuit.reset();
    for (const permit of late) permit.failure('down');
    expect(bench.state).toBe('closed');
    expect(bench.window.calls).toBe(0);
    expect(bench.totals.failures).toBe(5);
  });

  it('rule 1: late successes do not end a streak of the next generation', () => {
    const bench = new CircuitBench({ consecutiveFailures: 2 });
    const late = bench.acquire();
    bench.circuit.reset();
    bench.play('F');
    late.success();
    expect(bench.play('F').state).toBe('open');
  });

  it('rule 1: a late success does not close a half-open circuit', () => {
    const bench = new CircuitBench({
      consecutiveFailures: 1,
      halfOpen: { calls: 1 },
    });
    const late = bench.acquire();
    bench.tripToHalfOpen();
    late.success();
    expect(bench.state).toBe('half-open');
  });

  it.each(['success', 'release'] as const)(
    'rule 1: a late %s frees no place for a probe',
    ending => {
      const bench = new CircuitBench({
        consecutiveFailures: 1,
        halfOpen: { concurrency: 1 },
      });
      const late = bench.acquire();
      bench.tripAndProbe();
      late[ending]();
      expect(bench.isRefused()).toBe(true);
    },
  );

  it('rule 1: a probe of the last half-open does not judge the next one', () => {
    const bench = new CircuitBench({
      consecutiveFailures: 1,
      halfOpen: { calls: 2, successRateThreshold: 1 },
    });
    const first = bench.tripAndProbe();
    const late = bench.acquire();
    first.failure('down');
    bench.advance(60_000);
    bench.acquire();
    late.success();
    expect(bench.halfOpen).toEqual({
      admitted: 1,
      inFlight: 1,
      successes: 0,
      failures: 0,
    });
  });

  it('rule 1: a hanging call of an older generation does not add to the slow rate', () => {
    const bench = new CircuitBench({ minimumCalls: 1 });
    bench.acquire();
    bench.circuit.reset();
    bench.advance(10_000);
    expect(bench.isRefused()).toBe(false);
    expect(bench.state).toBe('closed');
  });

  it('rule 1: a late slow call is counted as slow in the totals', () => {
    const bench = new CircuitBench();
    const late = bench.acquire();
    bench.circuit.reset();
    late.success(2_001);
    expect(bench.totals.slow).toBe(1);
    expect(bench.window.slow).toBe(0);
  });

  it.each(['success', 'failure', 'release'] as const)(
    'rule 1: a late %s notices no deadline of the present generation',
    ending => {
      const bench = new CircuitBench({
        consecutiveFailures: 1,
        halfOpen: { calls: 1 },
      });
      const late = bench.acquire();
      bench.tripAndProbe();
      bench.advance(30_001);
      late[ending]();
      expect(bench.state).toBe('half-open');
      expect(bench.isRefused()).toBe(true);
      expect(bench.state).toBe('open');
    },
  );
});
