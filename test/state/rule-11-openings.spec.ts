import { describe, expect, it } from '@jest/globals';
import type { CircuitOptions } from '../../lib/state/circuit-options.js';
import { CircuitBench } from '../support/circuit-bench.js';

const boom = (): number => {
  throw new Error('the function is broken');
};

/** The waits of several openings in a row, each reopened by a failed probe. */
function waits(options: CircuitOptions, howMany: number): (number | null)[] {
  const bench = new CircuitBench({ consecutiveFailures: 1, ...options });
  bench.trip();
  const seen = [bench.retryAfter];
  while (seen.length < howMany) {
    reopen(bench);
    seen.push(bench.retryAfter);
  }
  return seen;
}

function reopen(bench: CircuitBench, error: unknown = 'down') {
  bench.advance(bench.retryAfter ?? 0);
  const probe = bench.acquire();
  probe.failure(error);
  while (bench.state === 'half-open') bench.acquire().failure(error);
}

const attemptOf = (bench: CircuitBench) => bench.circuit.snapshot().attempt;

describe('rule 11: the opening attempt', () => {
  it('rule 11: is 0 in a fresh circuit and counts up at each trip', () => {
    const bench = new CircuitBench({ consecutiveFailures: 1 });
    const seen = [attemptOf(bench)];
    bench.trip();
    seen.push(attemptOf(bench));
    reopen(bench);
    seen.push(attemptOf(bench));
    bench.advance(60_000).acquire();
    seen.push(attemptOf(bench));
    expect(seen).toEqual([0, 1, 2, 2]);
  });

  it('rule 11: returns to 0 at closed', () => {
    const bench = new CircuitBench({
      consecutiveFailures: 1,
      halfOpen: { calls: 1 },
    });
    bench.trip();
    reopen(bench);
    bench.advance(60_000).play('S');
    expect(attemptOf(bench)).toBe(0);
    expect(attemptOf(bench.trip())).toBe(1);
  });

  it('rule 11: returns to 0 at a reset', () => {
    const bench = new CircuitBench({ consecutiveFailures: 1 }).trip();
    bench.circuit.reset();
    expect(attemptOf(bench)).toBe(0);
  });

  it('rule 11: overrides do not count', () => {
    const bench = new CircuitBench({ consecutiveFailures: 1 });
    bench.circuit.forceOpen();
    expect(attemptOf(bench)).toBe(0);
    bench.circuit.releaseOverride();
    expect(attemptOf(bench)).toBe(0);
  });

  it('rule 11: an override keeps it; only closed returns it to zero', () => {
    const bench = new CircuitBench({ consecutiveFailures: 1 }).trip();
    reopen(bench);
    bench.circuit.forceClosed();
    expect(attemptOf(bench)).toBe(2);
    bench.circuit.forceOpen();
    bench.circuit.releaseOverride();
    expect([bench.state, attemptOf(bench)]).toEqual(['half-open', 2]);
    bench.circuit.forceClosed();
    bench.circuit.releaseOverride();
    expect([bench.state, attemptOf(bench)]).toEqual(['closed', 0]);
  });

  it('rule 11: is told with each transition', () => {
    const bench = new CircuitBench({
      consecutiveFailures: 1,
      halfOpen: { calls: 1 },
    });
    bench.trip();
    reopen(bench);
    bench.advance(60_000).play('S');
    const told = bench.events.flatMap(event =>
      event.type === 'transition' ? [[event.to, event.attempt]] : [],
    );
    expect(told).toEqual([
      ['open', 1],
      ['half-open', 1],
      ['open', 2],
      ['half-open', 2],
      ['closed', 0],
    ]);
  });
});

describe('rule 11: the wait of an opening', () => {
  it('rule 11: a plain openDuration is the same each time', () => {
    expect(waits({ openDuration: '30s' }, 3)).toEqual([30_000, 30_000, 30_000]);
  });

  it('rule 11: { initial, multiplier } grows up to maxOpenDuration', () => {
    const openDuration = { initial: '1s', multiplier: 3 };
    expect(waits({ openDuration, maxOpenDuration: '20s' }, 5)).toEqual([
      1_000, 3_000, 9_000, 20_000, 20_000,
    ]);
  });

  it('rule 11: starts again from the first wait once closed', () => {
    const bench = new CircuitBench({
      consecutiveFailures: 1,
      openDuration: { initial: 1_000, multiplier: 2 },
      halfOpen: { calls: 1 },
    });
    bench.trip();
    reopen(bench);
    expect(bench.retryAfter).toBe(2_000);
    bench.advance(2_000).play('S');
    expect(bench.trip().retryAfter).toBe(1_000);
  });

  it('rule 11: a function is asked with the attempt, from 1 on', () => {
    const asked: number[] = [];
    const openDuration = (attempt: number) => {
      asked.push(attempt);
      return `${attempt * 5}s`;
    };
    expect(waits({ openDuration }, 3)).toEqual([5_000, 10_000, 15_000]);
    expect(asked).toEqual([1, 2, 3]);
  });

  it('rule 11: a function may answer 0: the next call is a probe', () => {
    const bench = new CircuitBench({
      consecutiveFailures: 1,
      openDuration: () => 0,
    }).trip();
    expect(bench.retryAfter).toBe(0);
    expect(bench.acquire().isProbe).toBe(true);
  });

  it.each<[string, () => number]>([
    ['throws', boom],
    ['answers no duration', () => NaN],
    ['answers less than nothing', () => -1],
  ])(
    'rule 11: a function that %s is logged, and the circuit opens all the same',
    (_what, openDuration) => {
      const bench = new CircuitBench({ consecutiveFailures: 1, openDuration });
      bench.play('F');
      expect(bench.state).toBe('open');
      expect(bench.retryAfter).toBeGreaterThan(0);
      expect(bench.logged).toHaveLength(1);
    },
  );

  it.each<[string, CircuitOptions]>([
    ['a plain wait', { openDuration: '1h' }],
    ["a function's", { openDuration: () => '1h' }],
    ['a growing one', { openDuration: { initial: '1h', multiplier: 2 } }],
    ['jitter', { openDuration: '10m', openJitter: 0.3 }],
  ])(
    'rule 11: maxOpenDuration, ten minutes by default, caps %s',
    (_, options) => {
      const bench = new CircuitBench({ consecutiveFailures: 1, ...options });
      bench.random = 0.99;
      expect(bench.trip().retryAfter).toBe(600_000);
    },
  );

  it('rule 11: growth without end stays at the cap', () => {
    const openDuration = { initial: 1_000, multiplier: 1_000 };
    expect(waits({ openDuration }, 200).at(-1)).toBe(600_000);
  });
});

describe('rule 11: jitter', () => {
  it.each([
    [0, 60_000],
    [0.5, 69_000],
    [1, 78_000],
  ])(
    'rule 11: a draw of %d stretches a minute to %d by default',
    (random, wait) => {
      const bench = new CircuitBench({
        consecutiveFailures: 1,
        openJitter: undefined,
      });
      bench.random = random;
      expect(bench.trip().retryAfter).toBeCloseTo(wait, 6);
    },
  );

  it('rule 11: stays within its bounds for any draw', () => {
    for (let draw = 0; draw < 1; draw += 0.01) {
      const bench = new CircuitBench({
        consecutiveFailures: 1,
        openDuration: 1_000,
        openJitter: 0.5,
      });
      bench.random = draw;
      const wait = bench.trip().retryAfter;
      expect(wait).toBeGreaterThanOrEqual(1_000);
      expect(wait).toBeLessThanOrEqual(1_500);
    }
  });

  it('rule 11: is drawn once for each opening', () => {
    const bench = new CircuitBench({
      consecutiveFailures: 1,
      openJitter: 0.3,
      halfOpen: { calls: 1 },
    });
    bench.random = 0.5;
    bench.trip();
    expect(bench.draws).toBe(1);
    bench.random = 0.9;
    expect(bench.retryAfter).toBe(69_000);
    bench.isRefused();
    bench.advance(68_999);
    expect(bench.isRefused()).toBe(true);
    bench.advance(1).play('F');
    expect(bench.draws).toBe(2);
    expect(bench.retryAfter).toBeCloseTo(76_200, 6);
  });

  it('rule 11: jitter of 0 waits exactly openDuration', () => {
    const bench = new CircuitBench({ consecutiveFailures: 1, openJitter: 0 });
    bench.random = 0.9;
    expect(bench.trip().retryAfter).toBe(60_000);
  });
});
