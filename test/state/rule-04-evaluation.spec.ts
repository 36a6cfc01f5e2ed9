import { describe, expect, it } from '@jest/globals';
import type { CircuitOptions } from '../../lib/state/circuit-options.js';
import { CircuitBench } from '../support/circuit-bench.js';

const BY_FAILURE_RATE = {
  minimumCalls: 4,
  consecutiveFailures: false,
  slowCallRateThreshold: false,
} as const;
const BY_SLOW_RATE = {
  minimumCalls: 4,
  consecutiveFailures: false,
  failureRateThreshold: false,
} as const;

describe('rule 4: recorded outcomes', () => {
  it.each<[string, CircuitOptions, string]>([
    ['FFSS', BY_FAILURE_RATE, 'ccco'],
    ['SSFF', BY_FAILURE_RATE, 'ccco'],
    ['FSSSFF', BY_FAILURE_RATE, 'ccccco'],
    ['LLSS', BY_SLOW_RATE, 'ccco'],
    ['SSSLLL', BY_SLOW_RATE, 'ccccco'],
    ['FSFSF', { consecutiveFailures: false, failureCount: 3 }, 'cccco'],
    ['FFSFFF', { consecutiveFailures: 3 }, 'ccccco'],
    ['FFIF', { consecutiveFailures: 3 }, 'ccco'],
    ['FLFF', { consecutiveFailures: 2 }, 'ccco'],
    ['FFFFFFFFFF', {}, 'ccccccccco'],
  ])('rule 4: %s with %j goes through %s', (script, options, states) => {
    const seen = new CircuitBench(options).statesAfter(script);
    expect(seen.map(state => state[0]).join('')).toBe(states);
  });

  it('rule 4: trips at "5 times in 10 seconds"', () => {
    const bench = new CircuitBench({
      window: { type: 'time', duration: '10s', buckets: 10 },
      failureCount: 5,
      consecutiveFailures: false,
    });
    bench.play('FSFSFSF').advance(9_999);
    expect(bench.play('F').state).toBe('open');
  });

  it('rule 4: does not trip at 5 times in more than 10 seconds', () => {
    const bench = new CircuitBench({
      window: { type: 'time', duration: '10s', buckets: 10 },
      failureCount: 5,
      consecutiveFailures: false,
    });
    bench.play('FSFSFSF').advance(10_000);
    expect(bench.play('F').state).toBe('closed');
  });

  it.each([
    [2_000, 0],
    [2_000.5, 1],
    [2_001, 1],
  ])('rule 4: a call of %d ms makes %d slow', (milliseconds, slow) => {
    const bench = new CircuitBench();
    bench.acquire().success(milliseconds);
    bench.acquire().success();
    expect(bench.window.slow).toBe(slow);
    expect(bench.totals.slow).toBe(slow);
  });

  it('rule 4: a duration that is not given is measured', () => {
    const bench = new CircuitBench();
    const permit = bench.acquire();
    bench.advance(2_001);
    permit.success();
    expect(bench.window.slow).toBe(1);
  });

  it('rule 4: a duration that is given wins over the measured one', () => {
    const bench = new CircuitBench();
    const permit = bench.acquire();
    bench.advance(2_001);
    permit.success(5);
    expect(bench.window.slow).toBe(0);
  });

  it('rule 4: a failure can be slow too', () => {
    const bench = new CircuitBench();
    bench.acquire().failure('down', 2_001);
    expect(bench.window).toMatchObject({ calls: 1, failures: 1, slow: 1 });
  });

  it('rule 4: a slow success tells success and slow', () => {
    expect(new CircuitBench().play('L').told.toSorted()).toEqual([
      'slow',
      'success',
    ]);
  });

  it.each(['slowCallDuration', 'slowCallRateThreshold'] as const)(
    'rule 4: %s false switches the rule on slow calls off',
    option => {
      const bench = new CircuitBench({ [option]: false, minimumCalls: 1 });
      bench.play('LLL').acquire();
      bench.advance(3_600_000);
      expect(bench.isRefused()).toBe(false);
    },
  );

  it('rule 4: failureRateThreshold false switches its rule off', () => {
    const bench = new CircuitBench({
      failureRateThreshold: false,
      consecutiveFailures: false,
    });
    expect(bench.play('F'.repeat(200)).state).toBe('closed');
  });
});

describe('rule 4: calls in flight past slowCallDuration', () => {
  it('rule 4: a dependency that hangs without failing trips the circuit at an admission, which is refused', () => {
    const bench = new CircuitBench({ minimumCalls: 5 });
    bench.acquireMany(5);
    bench.advance(2_001);
    expect(bench.state).toBe('closed');
    expect(bench.circuit.tryAcquire()).toBeUndefined();
    expect(bench.state).toBe('open');
    expect(bench.totals.rejected).toBe(1);
  });

  it('rule 4: the admission that finds the trip is refused even when the wait is 0', () => {
    const bench = new CircuitBench({ minimumCalls: 1, openDuration: 0 });
    bench.acquire();
    bench.advance(2_001);
    expect(bench.circuit.tryAcquire()).toBeUndefined();
    expect(bench.acquire().isProbe).toBe(true);
  });

  it('rule 4: exactly slowCallDuration is not slow yet', () => {
    const bench = new CircuitBench({ minimumCalls: 5 });
    bench.acquireMany(5);
    bench.advance(2_000);
    expect(bench.circuit.snapshot().inFlightSlow).toBe(0);
    expect(bench.isRefused()).toBe(false);
  });

  it('rule 4: they count towards minimumCalls, and not below it', () => {
    const bench = new CircuitBench({ minimumCalls: 5 });
    bench.acquireMany(4);
    bench.advance(2_001);
    expect(bench.isRefused()).toBe(false);
    bench.acquire();
    bench.advance(2_001);
    expect(bench.isRefused()).toBe(true);
  });

  it.each([
    ['SSS', 3, 'open'],
    ['SSSS', 3, 'closed'],
    ['SSSL', 2, 'open'],
    ['SSSSL', 2, 'closed'],
  ])(
    'rule 4: they add to both sides of the slow rate: %s and %d hanging is %s',
    (script, hanging, state) => {
      const bench = new CircuitBench({ minimumCalls: 6 });
      bench.acquireMany(hanging);
      bench.play(script).advance(2_001);
      bench.circuit.tryAcquire();
      expect(bench.state).toBe(state);
    },
  );

  it('rule 4: they are judged at the outcomes of other calls', () => {
    const bench = new CircuitBench({ minimumCalls: 5 });
    const [other] = bench.acquireMany(5);
    bench.advance(2_001);
    other?.success(10);
    expect(bench.state).toBe('open');
  });

  it('rule 4: they do not add to the failure rate nor to its minimum', () => {
    const bench = new CircuitBench({
      minimumCalls: 4,
      consecutiveFailures: false,
      slowCallRateThreshold: 1,
    });
    bench.acquireMany(2);
    bench.advance(2_001);
    // Five calls with two failures for one rule, three with two for the other.
    for (const permit of bench.acquireMany(2)) permit.failure('down');
    expect(bench.play('S').state).toBe('closed');
  });

  it('rule 4: time alone does not trip, nor does reading', () => {
    const bench = new CircuitBench({ minimumCalls: 1 });
    bench.acquire();
    bench.advance(3_600_000);
    bench.circuit.snapshot();
    bench.circuit.explain();
    expect(bench.state).toBe('closed');
    expect(bench.circuit.generation).toBe(0);
  });

  it('rule 4: the snapshot shows them apart from the window', () => {
    const bench = new CircuitBench();
    bench.acquireMany(2);
    bench.advance(2_001);
    bench.acquire();
    expect(bench.circuit.snapshot()).toMatchObject({
      inFlight: 3,
      inFlightSlow: 2,
      window: { calls: 0, slow: 0, slowCallRate: null, decided: false },
    });
  });

  it('rule 4: a hanging call enters the window once, when it settles', () => {
    const bench = new CircuitBench();
    const permit = bench.acquire();
    bench.advance(2_001);
    permit.success();
    expect(bench.circuit.snapshot()).toMatchObject({
      inFlight: 0,
      inFlightSlow: 0,
      window: { calls: 1, slow: 1 },
    });
  });

  it('rule 4: what has settled hangs no more, in whatever order calls end', () => {
    const bench = new CircuitBench({ minimumCalls: 3, window: { size: 100 } });
    const [first, second, third] = bench.acquireMany(3);
    bench.advance(1_000);
    second?.release();
    bench.advance(1_001);
    expect(bench.circuit.snapshot().inFlightSlow).toBe(2);
    first?.release();
    expect(bench.circuit.snapshot().inFlightSlow).toBe(1);
    third?.release();
    expect(bench.circuit.snapshot().inFlightSlow).toBe(0);
    expect(bench.isRefused()).toBe(false);
  });

  it('rule 4: a hanging probe trips nothing before its deadline', () => {
    const bench = new CircuitBench({
      consecutiveFailures: 1,
      minimumCalls: 1,
      halfOpen: { calls: 3, successRateThreshold: 0.3 },
    });
    bench.tripAndProbe();
    bench.advance(30_000);
    expect(bench.isRefused()).toBe(false);
    expect(bench.circuit.snapshot().inFlightSlow).toBe(1);
    expect(bench.state).toBe('half-open');
  });
});

describe('rule 4: a streak of failures', () => {
  it('rule 4: consecutiveFailures asks neither for a rate nor for minimumCalls', () => {
    const bench = new CircuitBench({ consecutiveFailures: 3 });
    bench.play('S'.repeat(50));
    expect(bench.statesAfter('FFF')).toEqual(['closed', 'closed', 'open']);
  });

  it('rule 4: a streak goes on while its last failure is exactly maxAge old', () => {
    const bench = new CircuitBench({
      window: { maxAge: 1_000 },
      consecutiveFailures: 3,
    });
    bench.play('F').advance(1_000).play('F').advance(1_000).play('F');
    expect(bench.state).toBe('open');
  });

  it('rule 4: a streak starts anew when its last failure is older than maxAge', () => {
    const bench = new CircuitBench({
      window: { maxAge: 1_000 },
      consecutiveFailures: 3,
    });
    bench.play('FF').advance(1_001).play('F');
    expect(bench.state).toBe('closed');
    expect(bench.statesAfter('FF')).toEqual(['closed', 'open']);
  });

  it('rule 4: a streak starts anew when its last failure is older than a time window', () => {
    const bench = new CircuitBench({
      window: { type: 'time', duration: 1_000, buckets: 10 },
      consecutiveFailures: 2,
    });
    bench.play('F').advance(1_001);
    expect(bench.play('F').state).toBe('closed');
    bench.advance(899);
    expect(bench.play('F').state).toBe('open');
  });

  it('rule 4: a streak never ages without maxAge', () => {
    const bench = new CircuitBench({
      window: { maxAge: false },
      consecutiveFailures: 2,
    });
    bench.play('F').advance(1e9);
    expect(bench.play('F').state).toBe('open');
  });

  it('rule 4: a streak is not cut by the size of the window', () => {
    const bench = new CircuitBench({
      window: { size: 2 },
      failureRateThreshold: false,
      consecutiveFailures: 5,
    });
    expect(bench.play('FFFF').state).toBe('closed');
    expect(bench.play('F').state).toBe('open');
  });
});
