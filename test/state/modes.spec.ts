import { describe, expect, it } from '@jest/globals';
import type { CircuitOptions } from '../../lib/state/circuit-options.js';
import { CircuitBench } from '../support/circuit-bench.js';

function shadow(options: CircuitOptions = {}) {
  return new CircuitBench({
    mode: 'shadow',
    consecutiveFailures: 2,
    ...options,
  });
}

describe('mode shadow', () => {
  it('runs the whole state machine', () => {
    const bench = shadow();
    expect(bench.statesAfter('FF')).toEqual(['closed', 'open']);
    bench.advance(60_000);
    expect(bench.statesAfter('SSSSSS').at(-1)).toBe('closed');
  });

  it('rejects nothing: calls run and answer while it is open', async () => {
    const bench = shadow().trip();
    await expect(bench.circuit.execute(() => 7)).resolves.toBe(7);
    expect(bench.circuit.tryAcquire()).toBeDefined();
  });

  it('counts would-be refusals in wouldReject alone, and tells them', () => {
    const bench = shadow().trip();
    const before = bench.circuit.snapshot();
    bench.events.length = 0;
    const permit = bench.acquire();
    bench.advance(10).acquire().failure('down');
    permit.success();
    expect(bench.told).toEqual(['would-reject', 'would-reject']);
    expect(bench.circuit.snapshot()).toEqual({
      ...before,
      retryAfter: 60_000 - 10,
      totals: { ...before.totals, wouldReject: 2 },
    });
  });

  it('keeps to the caps of half-open in what it counts', () => {
    const bench = shadow({ halfOpen: { concurrency: 1 } });
    bench.trip().advance(60_000);
    const probe = bench.acquire();
    const over = bench.acquire();
    expect([probe.isProbe, over.isProbe]).toEqual([true, false]);
    over.success();
    expect(bench.halfOpen).toMatchObject({ admitted: 1, successes: 0 });
    expect(bench.totals.wouldReject).toBe(1);
  });

  it('trips because of hanging calls, and lets the call that finds it pass', () => {
    const bench = shadow({ minimumCalls: 3 });
    bench.acquireMany(3);
    bench.advance(2_001).acquire();
    expect(bench.state).toBe('open');
    expect(bench.totals).toMatchObject({ wouldReject: 1, rejected: 0 });
    expect(bench.circuit.snapshot().inFlight).toBe(3);
  });

  it('does not reject under forced-open either', () => {
    const bench = shadow();
    bench.circuit.forceOpen();
    expect(bench.isRefused()).toBe(false);
    expect(bench.totals).toMatchObject({ wouldReject: 1, rejected: 0 });
  });

  it('can be switched on while the circuit is open, and off again', () => {
    const bench = new CircuitBench({ consecutiveFailures: 1 }).trip();
    bench.circuit.configure({ mode: 'shadow' });
    expect(bench.isRefused()).toBe(false);
    bench.circuit.configure({ mode: 'enforced' });
    expect(bench.isRefused()).toBe(true);
    expect(bench.state).toBe('open');
  });
});

describe('mode disabled', () => {
  it('passes calls and records nothing', () => {
    const bench = new CircuitBench({
      mode: 'disabled',
      consecutiveFailures: 1,
    });
    const before = bench.circuit.snapshot();
    bench.play('FFFSSLI').acquire();
    expect(bench.circuit.snapshot()).toEqual(before);
    expect(bench.told).toEqual([]);
  });

  it('gives every call the same permit, which nobody can change', () => {
    const bench = new CircuitBench({ mode: 'disabled' });
    const permit = bench.acquire();
    expect(permit).toMatchObject({
      generation: 0,
      isProbe: false,
      startedAt: undefined,
    });
    expect(Object.isFrozen(permit)).toBe(true);
    expect(bench.acquire()).toBe(permit);
  });

  it('passes the calls of execute with their results and errors', async () => {
    const bench = new CircuitBench({ mode: 'disabled' });
    const error = new Error('down');
    await expect(bench.circuit.execute(() => 7)).resolves.toBe(7);
    await expect(
      bench.circuit.execute(() => Promise.reject(error)),
    ).rejects.toBe(error);
    expect(bench.totals.calls).toBe(0);
  });

  it('passes calls of an open circuit and leaves it as it is', () => {
    const bench = new CircuitBench({ consecutiveFailures: 1 }).trip();
    bench.circuit.configure({ mode: 'disabled' });
    bench.advance(3_600_000).play('SSS');
    expect(bench.state).toBe('open');
    expect(bench.circuit.generation).toBe(1);
  });

  it('leaves no call behind that began before it', () => {
    const bench = new CircuitBench();
    const permit = bench.acquire();
    bench.circuit.configure({ mode: 'disabled' });
    permit.failure('down');
    expect(bench.circuit.snapshot().inFlight).toBe(0);
  });

  it('does not judge a call that began under it', () => {
    const bench = new CircuitBench({
      mode: 'disabled',
      consecutiveFailures: 1,
    });
    const permit = bench.acquire();
    bench.circuit.configure({ mode: 'enforced' });
    permit.failure('down');
    expect(bench.state).toBe('closed');
    expect(bench.totals.calls).toBe(0);
  });
});
