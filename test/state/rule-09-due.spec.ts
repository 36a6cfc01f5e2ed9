import { describe, expect, it } from '@jest/globals';
import { CircuitBench } from '../support/circuit-bench.js';

const opened = () => new CircuitBench({ consecutiveFailures: 1 }).trip();

describe('rule 9: from open to half-open', () => {
  it('rule 9: refuses until the wait has passed', () => {
    const bench = opened().advance(59_999);
    expect(bench.isRefused()).toBe(true);
    expect(bench.state).toBe('open');
  });

  it('rule 9: the first admission at exactly the wait is a probe', () => {
    const bench = opened().advance(60_000);
    expect(bench.acquire().isProbe).toBe(true);
    expect(bench.state).toBe('half-open');
  });

  it('rule 9: execute makes the probe as well', async () => {
    const bench = opened().advance(60_000);
    await expect(bench.circuit.execute(() => 7)).resolves.toBe(7);
    expect(bench.halfOpen).toMatchObject({ successes: 1 });
  });

  it('rule 9: a due circuit stays open until somebody calls, however it is read', () => {
    const bench = opened().advance(3_600_000);
    const { generation } = bench.circuit;
    expect(bench.circuit.wouldAdmit()).toBe(true);
    bench.circuit.explain();
    expect(bench.circuit.snapshot()).toMatchObject({
      state: 'open',
      retryAfter: 0,
    });
    expect(bench.state).toBe('open');
    expect(bench.circuit.generation).toBe(generation);
  });

  it('rule 9: tells what is left of the wait', () => {
    const bench = opened();
    expect(bench.retryAfter).toBe(60_000);
    expect(bench.advance(45_000).retryAfter).toBe(15_000);
    expect(bench.advance(14_999.5).retryAfter).toBe(0.5);
  });

  it('rule 9: refused calls do not lengthen the wait', () => {
    const bench = opened().advance(30_000);
    bench.isRefused();
    expect(bench.retryAfter).toBe(30_000);
  });

  it('rule 9: half-open has no retryAfter in the snapshot', () => {
    const bench = new CircuitBench({ consecutiveFailures: 1 });
    expect(bench.retryAfter).toBeNull();
    expect(bench.tripToHalfOpen().retryAfter).toBeNull();
  });

  it('rule 9: no state starts a timer', () => {
    const bench = new CircuitBench({
      consecutiveFailures: 1,
      halfOpen: { calls: 1 },
    });
    bench.acquire();
    bench.tripAndProbe().failure('down');
    bench.advance(60_000).acquire();
    bench.circuit.forceOpen();
    expect(bench.clock.pending).toBe(0);
  });

  it('rule 9: a rejection tells what is left of the wait, and so does its event', async () => {
    const bench = opened().advance(45_000);
    await expect(bench.circuit.execute(() => 1)).rejects.toMatchObject({
      code: 'CIRCUIT_OPEN',
      retryAfter: 15_000,
    });
    expect(bench.events.at(-1)).toMatchObject({
      type: 'rejected',
      name: 'bench',
      duration: null,
    });
    expect(bench.totals.rejected).toBe(1);
  });
});
