import { describe, expect, it } from '@jest/globals';
import type { CallPermit } from '../../lib/state/admission.js';
import { CircuitBench, type Permit } from '../support/circuit-bench.js';

/** The permit as the pipeline holds it. */
function asCall(permit: Permit): CallPermit {
  return permit as CallPermit;
}

const HALF_OPEN = {
  calls: 2,
  concurrency: 2,
  successRateThreshold: 1,
  callDeadline: 1_000,
} as const;

describe('how long a call took', () => {
  it.each([-5, NaN, Infinity, undefined])(
    'is measured when %p milliseconds are given',
    milliseconds => {
      const bench = new CircuitBench();
      const permit = bench.acquire();
      bench.advance(10);
      permit.failure('down', milliseconds);
      expect(bench.events.at(-1)).toMatchObject({
        duration: 10,
        error: 'down',
      });
    },
  );

  it("is until a stream's first value, and no later one", () => {
    const bench = new CircuitBench();
    const permit = asCall(bench.acquire());
    for (let value = 0; value < 3; value++) {
      bench.advance(10);
      permit.firstValue();
    }
    permit.success();
    expect(bench.events.at(-1)).toMatchObject({
      type: 'success',
      duration: 10,
    });
  });

  it('is the deadline of a probe that has passed it', () => {
    const bench = new CircuitBench({ halfOpen: HALF_OPEN });
    bench.advance(5_000);
    bench.tripAndProbe();
    bench.advance(1_500);
    expect(bench.isRefused()).toBe(true);
    expect(bench.events).toContainEqual(
      expect.objectContaining({ type: 'failure', duration: 1_000 }),
    );
  });
});

describe('a permit that is settled', () => {
  it('is not given back again', () => {
    const bench = new CircuitBench();
    const permit = asCall(bench.acquire());
    permit.success();
    permit.withdraw();
    permit.firstValue();
    expect(bench.circuit.snapshot().inFlight).toBe(0);
  });

  it('after its first value leaves those that still run timed', () => {
    const bench = new CircuitBench({ minimumCalls: 9 });
    const stream = asCall(bench.acquire());
    stream.firstValue();
    bench.acquire();
    stream.success();
    bench.acquire();
    bench.advance(2_001);
    expect(bench.circuit.snapshot().inFlightSlow).toBe(2);
  });

  it('while the circuit is disabled gives its place back and counts nothing', () => {
    const bench = new CircuitBench();
    const permits = bench.acquireMany(2);
    bench.circuit.configure({ mode: 'disabled' });
    permits[0]?.success();
    permits[1]?.release();
    expect(bench.circuit.snapshot()).toMatchObject({
      inFlight: 0,
      totals: { calls: 0 },
    });
  });

  it('in an older generation takes no place from the probes of this one', () => {
    const bench = new CircuitBench({ halfOpen: HALF_OPEN });
    const old = bench.acquire();
    bench.tripAndProbe();
    old.release();
    expect(bench.halfOpen).toMatchObject({ admitted: 1, inFlight: 1 });
  });
});

describe('what transitions and refusals tell', () => {
  it('the wait is over', () => {
    const bench = new CircuitBench();
    bench.tripAndProbe();
    expect(bench.events.at(-1)).toMatchObject({
      type: 'transition',
      reason: 'the wait is over',
    });
  });

  it('how many probes succeeded', () => {
    const bench = new CircuitBench({ halfOpen: HALF_OPEN });
    bench.tripToHalfOpen().play('SS');
    expect(bench.events.at(-1)).toMatchObject({
      to: 'closed',
      reason: '2 of 2 probes succeeded',
    });
  });

  it('how many probes failed, and by which rule it opened', () => {
    const bench = new CircuitBench({ halfOpen: HALF_OPEN });
    bench.tripToHalfOpen().play('SF');
    expect(bench.events.at(-1)).toMatchObject({
      to: 'open',
      reason: '1 of 2 probes failed or were slow',
    });
    expect(bench.circuit.explain().rule).toBe('halfOpen');
  });

  it('in which state a call would have been refused', () => {
    const bench = new CircuitBench({ mode: 'shadow', consecutiveFailures: 1 });
    bench.play('F');
    bench.acquire();
    expect(bench.events.at(-1)).toMatchObject({
      type: 'would-reject',
      state: 'open',
    });
  });
});
