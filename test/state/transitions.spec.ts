import { describe, expect, it } from '@jest/globals';
import type { CircuitEvent } from '../../lib/state/events.js';
import { CircuitBench } from '../support/circuit-bench.js';

const transitionsOf = ({ events }: CircuitBench) =>
  events.filter(
    (event): event is CircuitEvent<'transition'> => event.type === 'transition',
  );

describe('a transition', () => {
  it('tells how long the wait is, and only at an opening', () => {
    const bench = new CircuitBench({
      consecutiveFailures: 1,
      openDuration: 1_500,
      halfOpen: { calls: 1 },
    });
    bench.play('F').advance(1_500).play('S');
    expect(
      transitionsOf(bench).map(({ to, retryAfter }) => [to, retryAfter]),
    ).toEqual([
      ['open', 1_500],
      ['half-open', null],
      ['closed', null],
    ]);
  });

  it('that nobody noticed when it fell due is recorded as of then', () => {
    const bench = new CircuitBench({
      consecutiveFailures: 1,
      openDuration: 1_000,
      halfOpen: { calls: 2, concurrency: 2, maxDuration: 5_000 },
    });
    bench.play('F').advance(1_000).play('S');
    const due = bench.clock.wallTime() + 5_000;
    bench.advance(9_000).acquire();
    expect(bench.circuit.snapshot().transitions.at(-1)).toMatchObject({
      to: 'closed',
      at: due,
    });
    expect(bench.circuit.snapshot().since).toBe(due);
  });

  it('that was ordered has one generation with its order', () => {
    const bench = new CircuitBench();
    bench.circuit.forceOpen();
    bench.circuit.releaseOverride();
    expect(
      bench.events.map(({ type, generation }) => [type, generation]),
    ).toEqual([
      ['override', 1],
      ['transition', 1],
      ['override', 2],
      ['transition', 2],
    ]);
  });
});
