import { describe, expect, it } from '@jest/globals';
import type { CircuitOptions } from '../../lib/state/circuit-options.js';
import { CircuitBench } from '../support/circuit-bench.js';
import { VirtualClock } from '../support/virtual-clock.js';

/** A circuit that nothing trips, to look at its window. */
function watching(window: CircuitOptions['window'], startsAt = 0) {
  return new CircuitBench(
    {
      ...(window && { window }),
      consecutiveFailures: false,
      failureRateThreshold: false,
      slowCallRateThreshold: false,
    },
    new VirtualClock(startsAt),
  );
}

describe('rule 10: when a window starts', () => {
  it('rule 10: half-open starts with a new window', () => {
    const bench = new CircuitBench({ consecutiveFailures: 2 });
    expect(bench.play('SSLFF').window.calls).toBe(5);
    bench.advance(60_000).acquire();
    expect(bench.window).toMatchObject({ calls: 0, failures: 0, slow: 0 });
  });

  it('rule 10: probes are counted in the window of half-open', () => {
    const bench = new CircuitBench({ consecutiveFailures: 1 });
    bench.tripToHalfOpen().play('SFL');
    expect(bench.window).toMatchObject({ calls: 3, failures: 1, slow: 1 });
  });

  it('rule 10: closed starts with a new window, also for a streak', () => {
    const bench = new CircuitBench({
      consecutiveFailures: 2,
      halfOpen: { calls: 3, successRateThreshold: 0.6 },
    });
    bench.tripToHalfOpen().play('SFS');
    expect(bench.state).toBe('closed');
    expect(bench.window.calls).toBe(0);
    expect(bench.play('F').state).toBe('closed');
  });

  it('rule 10: open keeps the window that tripped it', () => {
    const bench = new CircuitBench({ consecutiveFailures: 3 });
    bench.play('SSLFFF');
    expect(bench.state).toBe('open');
    expect(bench.window).toMatchObject({ calls: 6, failures: 3, slow: 1 });
  });

  it.each<[string, CircuitOptions['window']]>([
    ['count', { size: 10, maxAge: 1_000 }],
    ['time', { type: 'time', duration: 1_000, buckets: 10 }],
  ])(
    'rule 10: the %s window of an open circuit is shown as it was when it tripped, however late',
    (_type, window) => {
      const bench = new CircuitBench({
        ...(window && { window }),
        consecutiveFailures: 3,
      });
      bench.play('SFFF');
      const tripped = bench.window;
      bench.advance(10_000);
      bench.isRefused();
      expect(bench.window).toEqual(tripped);
    },
  );
});

describe('rule 10: a count window', () => {
  it('rule 10: forgets the oldest call when a new one has no place', () => {
    const bench = watching({ size: 3 });
    const rates = [...'FLSSSF'].map(letter => {
      const { calls, failures, slow } = bench.play(letter).window;
      return [calls, failures, slow];
    });
    expect(rates).toEqual([
      [1, 1, 0],
      [2, 1, 1],
      [3, 1, 1],
      [3, 0, 1],
      [3, 0, 0],
      [3, 1, 0],
    ]);
  });

  it('rule 10: goes round many times', () => {
    const bench = watching({ size: 7 }).play('FSSL'.repeat(100));
    // The last seven: S S L F S S L.
    expect(bench.window).toMatchObject({ calls: 7, failures: 1, slow: 2 });
  });

  it('rule 10: of size 1 holds the last call alone', () => {
    const bench = watching({ size: 1 });
    expect(bench.play('F').window).toMatchObject({ calls: 1, failures: 1 });
    expect(bench.play('S').window).toMatchObject({ calls: 1, failures: 0 });
  });

  it('rule 10: an entry of exactly maxAge still counts, an older one does not', () => {
    const bench = watching({ size: 10, maxAge: 1_000 }).play('F');
    expect(bench.advance(1_000).window.calls).toBe(1);
    expect(bench.advance(1).window.calls).toBe(0);
  });

  it('rule 10: entries age one by one', () => {
    const bench = watching({ size: 10, maxAge: 1_000 });
    bench.play('F').advance(400).play('L').advance(400).play('S');
    const seen = [201, 400, 400].map(step => bench.advance(step).window);
    expect(
      seen.map(({ calls, failures, slow }) => [calls, failures, slow]),
    ).toEqual([
      [2, 0, 1],
      [1, 0, 0],
      [0, 0, 0],
    ]);
  });

  it("rule 10: an entry's age counts from the call's end", () => {
    const bench = watching({ size: 10, maxAge: 1_000 });
    const permit = bench.acquire();
    bench.advance(5_000);
    permit.failure('down');
    expect(bench.advance(1_000).window.calls).toBe(1);
    expect(bench.advance(1).window.calls).toBe(0);
  });

  it('rule 10: what is too old trips nothing', () => {
    const bench = new CircuitBench({
      window: { size: 10, maxAge: 1_000 },
      minimumCalls: 4,
      consecutiveFailures: false,
    });
    bench.play('FFF').advance(1_001).play('S');
    expect(bench.state).toBe('closed');
    expect(bench.window).toMatchObject({ calls: 1, failures: 0 });
  });

  it('rule 10: has a maxAge of five minutes by default', () => {
    const bench = watching({ size: 10 }).play('F');
    expect(bench.advance(300_000).window.calls).toBe(1);
    expect(bench.advance(1).window.calls).toBe(0);
  });

  it('rule 10: maxAge false keeps entries for good', () => {
    const bench = watching({ size: 10, maxAge: false }).play('F');
    expect(bench.advance(1e10).window.calls).toBe(1);
  });

  it('rule 10: fills again after it was emptied by age', () => {
    const bench = watching({ size: 3, maxAge: 100 });
    bench.play('FFSF').advance(101).play('SL');
    expect(bench.window).toMatchObject({ calls: 2, failures: 0, slow: 1 });
    bench.play('FF');
    expect(bench.window).toMatchObject({ calls: 3, failures: 2, slow: 1 });
  });
});

describe('rule 10: minimumCalls over the size of a count window', () => {
  it('rule 10: is capped to the size', () => {
    const bench = new CircuitBench({
      window: { size: 5 },
      minimumCalls: 20,
      consecutiveFailures: false,
    });
    expect(bench.play('FFFF').state).toBe('closed');
    expect(bench.play('F').state).toBe('open');
  });

  it('rule 10: is warned about once', () => {
    const bench = new CircuitBench({ window: { size: 5 }, minimumCalls: 20 });
    bench.play('S'.repeat(30));
    expect(bench.logged).toHaveLength(1);
    expect(String(bench.logged[0])).toContain('minimumCalls');
  });

  it('rule 10: is not warned about when nobody set it', () => {
    const bench = new CircuitBench({
      window: { size: 5 },
      consecutiveFailures: false,
    });
    expect(bench.play('FFFFF').state).toBe('open');
  });

  it('rule 10: is not capped for a time window', () => {
    const bench = new CircuitBench({
      window: { type: 'time', duration: '10s', buckets: 2 },
      minimumCalls: 20,
      consecutiveFailures: false,
    });
    expect(bench.play('F'.repeat(19)).state).toBe('closed');
    expect(bench.play('F').state).toBe('open');
  });
});

describe('rule 10: a time window', () => {
  it.each<[number, number, number]>([
    // duration, buckets, when the call ends; it is gone in bucket + buckets
    [10_000, 10, 0],
    [10_000, 10, 1],
    [10_000, 10, 500],
    [10_000, 10, 999],
    [10_000, 10, 9_999],
    [60_000, 60, 123_456],
    [1_000, 3, 333],
    [1_000, 3, 334],
    [1_000, 7, 5_000],
    [100, 1, 99],
    [60_000, 60, 1e9 + 1],
  ])(
    'rule 10: of %d ms in %d whole buckets lets a call of %d go at its bucket + all',
    (duration, buckets, endsAt) => {
      const bench = watching({ type: 'time', duration, buckets }, endsAt);
      bench.play('F');
      const bucket = Math.floor((endsAt * buckets) / duration);
      const goneAt = Math.ceil(((bucket + buckets) * duration) / buckets);
      bench.clock.set(goneAt - 1);
      expect(bench.window.calls).toBe(1);
      bench.clock.set(goneAt);
      expect(bench.window.calls).toBe(0);
    },
  );

  it.each([0, 1, 250, 999, 1_000, 7_777])(
    'rule 10: what is exactly duration old is gone, from %d on',
    endsAt => {
      const bench = watching(
        { type: 'time', duration: 10_000, buckets: 10 },
        endsAt,
      );
      bench.play('F').advance(10_000);
      expect(bench.window.calls).toBe(0);
    },
  );

  it('rule 10: lets go one bucket after another', () => {
    const bench = watching({ type: 'time', duration: 4_000, buckets: 4 });
    for (const script of ['FF', 'S', 'L', 'FS'])
      bench.play(script).advance(1_000);
    const seen = [0, 1_000, 1_000, 1_000].map(step => {
      const { calls, failures, slow } = bench.advance(step).window;
      return [calls, failures, slow];
    });
    expect(seen).toEqual([
      [4, 1, 1],
      [3, 1, 1],
      [2, 1, 0],
      [0, 0, 0],
    ]);
  });

  it.each([10_000, 20_000, 100_000, 36_000_000, 36_000_001])(
    'rule 10: is empty after an idleness of %d ms, and counts anew',
    idle => {
      const bench = watching({ type: 'time', duration: 10_000, buckets: 10 });
      bench.play('FFF').advance(2_500).play('LL').advance(idle);
      expect(bench.window.calls).toBe(0);
      expect(bench.play('FS').window).toMatchObject({
        calls: 2,
        failures: 1,
        slow: 0,
      });
    },
  );

  it('rule 10: what was in a bucket is not there again a round later', () => {
    const bench = watching({ type: 'time', duration: 1_000, buckets: 4 });
    for (let round = 0; round < 10; round++) {
      bench.play('F').advance(1_000);
      expect(bench.window.calls).toBe(0);
    }
  });

  it('rule 10: holds any number of calls', () => {
    const bench = watching({ type: 'time', duration: 1_000, buckets: 2 });
    expect(bench.play('FS'.repeat(5_000)).window).toMatchObject({
      calls: 10_000,
      failures: 5_000,
    });
  });

  it('rule 10: works on a clock that starts below zero', () => {
    const bench = watching({ type: 'time', duration: 1_000, buckets: 4 }, -600);
    bench.play('F').advance(500).play('S').advance(349);
    expect(bench.window.calls).toBe(2);
    expect(bench.advance(1).window.calls).toBe(1);
  });
});
