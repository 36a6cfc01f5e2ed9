import { describe, expect, it } from '@jest/globals';
import { Circuit } from '../../lib/circuit/circuit.js';
import { CircuitBench } from '../support/circuit-bench.js';
import { VirtualClock } from '../support/virtual-clock.js';

describe('rule 12: time', () => {
  it('rule 12: a clock that steps back counts as no time for an open circuit', () => {
    const bench = new CircuitBench(
      { consecutiveFailures: 1 },
      new VirtualClock(1_000_000),
    );
    bench.trip().advance(20_000);
    expect(bench.retryAfter).toBe(40_000);
    bench.clock.set(0);
    expect(bench.retryAfter).toBe(40_000);
    expect(bench.isRefused()).toBe(true);
    bench.clock.set(1_060_000);
    expect(bench.acquire().isProbe).toBe(true);
  });

  it('rule 12: a call during which the clock stepped back took no time', () => {
    const bench = new CircuitBench({}, new VirtualClock(1_000_000));
    const permit = bench.acquire();
    bench.clock.set(0);
    permit.success();
    expect(bench.events.at(-1)).toMatchObject({ type: 'success', duration: 0 });
    expect(bench.window.slow).toBe(0);
  });

  it('rule 12: a clock that steps back makes no entry older or younger', () => {
    const bench = new CircuitBench(
      { window: { size: 10, maxAge: 1_000 } },
      new VirtualClock(1_000_000),
    );
    bench.play('F');
    bench.clock.set(500_000);
    bench.play('S');
    expect(bench.window.calls).toBe(2);
    bench.clock.set(1_001_000);
    expect(bench.window.calls).toBe(2);
    bench.clock.set(1_001_001);
    expect(bench.window.calls).toBe(0);
  });

  it('rule 12: a clock that steps back expires no probe and no half-open', () => {
    const bench = new CircuitBench(
      { consecutiveFailures: 1, halfOpen: { concurrency: 1 } },
      new VirtualClock(1_000_000),
    );
    bench.tripAndProbe();
    bench.clock.set(0);
    expect(bench.isRefused()).toBe(true);
    expect(bench.halfOpen).toMatchObject({ inFlight: 1, failures: 0 });
  });

  it('rule 12: a time window survives a clock that steps back', () => {
    const bench = new CircuitBench(
      { window: { type: 'time', duration: 1_000, buckets: 10 } },
      new VirtualClock(1_000_000),
    );
    bench.play('F');
    bench.clock.set(999_000);
    expect(bench.play('SS').window).toMatchObject({ calls: 3, failures: 1 });
  });

  it('rule 12: wall-clock time appears only in what people read', () => {
    const wall = { time: Date.UTC(2030, 0, 1) };
    const steady = new VirtualClock(5_000);
    const circuit = new Circuit(
      'steady',
      { consecutiveFailures: 1, openJitter: 0 },
      {
        clock: {
          now: () => steady.now(),
          wallTime: () => wall.time,
          schedule: (delayMs, fn) => steady.schedule(delayMs, fn),
        },
      },
    );
    circuit.tryAcquire()?.failure('down');
    expect(circuit.snapshot().since).toBe(wall.time);
    // Somebody sets the machine's clock a day forward.
    wall.time += 86_400_000;
    expect(circuit.snapshot().retryAfter).toBe(60_000);
    expect(circuit.tryAcquire()).toBeUndefined();
  });

  it('rule 12: since and every at are milliseconds since the epoch', () => {
    const bench = new CircuitBench({ consecutiveFailures: 1 });
    const epoch = bench.clock.wallTime();
    bench.advance(1_234).trip();
    const snapshot = bench.circuit.snapshot();
    expect(snapshot.since).toBe(epoch + 1_234);
    expect(snapshot.lastFailure?.at).toBe(epoch + 1_234);
    expect(snapshot.transitions[0]?.at).toBe(epoch + 1_234);
    expect(bench.events.map(({ at }) => at)).toEqual([
      epoch + 1_234,
      epoch + 1_234,
    ]);
  });

  it('rule 12: every event tells the duration of its call, or null where there was none', () => {
    const bench = new CircuitBench({ consecutiveFailures: 1 });
    const permit = bench.acquire();
    bench.advance(25);
    permit.failure('down');
    bench.isRefused();
    expect(bench.events.map(({ type, duration }) => [type, duration])).toEqual([
      ['failure', 25],
      ['transition', null],
      ['rejected', null],
    ]);
  });
});
