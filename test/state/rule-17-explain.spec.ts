import { describe, expect, it } from '@jest/globals';
import type { CircuitOptions } from '../../lib/state/circuit-options.js';
import { CircuitBench } from '../support/circuit-bench.js';

/** Every rule could trip; the first in the order is the one that is named. */
const ALL: CircuitOptions = {
  minimumCalls: 3,
  consecutiveFailures: 3,
  failureCount: 3,
  failureRateThreshold: 0.5,
  slowCallRateThreshold: 0.5,
};

describe('rule 17: explain()', () => {
  it.each<[string, CircuitOptions]>([
    ['consecutiveFailures', ALL],
    ['failureCount', { ...ALL, consecutiveFailures: false }],
    [
      'failureRateThreshold',
      { ...ALL, consecutiveFailures: false, failureCount: false },
    ],
    [
      'slowCallRateThreshold',
      {
        ...ALL,
        consecutiveFailures: false,
        failureCount: false,
        failureRateThreshold: false,
      },
    ],
  ])('rule 17: names %s, in the order of the rules', (rule, options) => {
    const bench = new CircuitBench(options);
    for (const permit of bench.acquireMany(3)) permit.failure('down', 5_000);
    expect(bench.circuit.explain().rule).toBe(rule);
  });

  it('rule 17: says in one sentence why an open circuit is open', () => {
    const bench = new CircuitBench({ minimumCalls: 4, consecutiveFailures: 9 });
    bench.play('SSF');
    bench.acquire().failure(new TypeError('socket hang up'));
    const { sentence } = bench.circuit.explain();
    expect(sentence).not.toMatch(/[\n\r]/);
    for (const part of ['bench', 'open', '50', '4', 'socket hang up', '60']) {
      expect(sentence).toContain(part);
    }
  });

  it('rule 17: names the next probe in whole milliseconds, never too early', () => {
    const bench = new CircuitBench({
      consecutiveFailures: 1,
      openDuration: 1_000.25,
    });
    bench.play('F');
    const { nextProbe } = bench.circuit.explain();
    expect(nextProbe).toBe(bench.clock.wallTime() + 1_001);
  });

  it('rule 17: carries state, figures, the last errors and the next probe', () => {
    const bench = new CircuitBench({ consecutiveFailures: 3 });
    bench.play('S');
    for (const message of ['one', 'two', 'three']) {
      bench.acquire().failure(new Error(message));
    }
    const explanation = bench.circuit.explain();
    expect(explanation).toMatchObject({
      name: 'bench',
      state: 'open',
      figures: { calls: 4, failures: 3 },
      nextProbe: bench.clock.wallTime() + 60_000,
    });
    expect(explanation.lastFailures.map(({ message }) => message)).toEqual([
      'one',
      'two',
      'three',
    ]);
  });

  it.each<[string, (bench: CircuitBench) => void, RegExp]>([
    ['closed', bench => void bench.play('SF'), /closed/],
    ['open', bench => void bench.trip(), /open/],
    ['half-open', bench => void bench.tripToHalfOpen(), /half-open/],
    ['forced-open', ({ circuit }) => circuit.forceOpen('works'), /works/],
    ['forced-closed', ({ circuit }) => circuit.forceClosed('works'), /works/],
  ])('rule 17: has a sentence for %s', (state, put, words) => {
    const bench = new CircuitBench({ consecutiveFailures: 2 });
    put(bench);
    const explanation = bench.circuit.explain();
    expect(explanation.state).toBe(state);
    expect(explanation.sentence).toMatch(words);
    expect(explanation.sentence).toContain('bench');
    expect(explanation.sentence).not.toMatch(/undefined|NaN|\[object/);
  });

  it('rule 17: tells of a circuit that opened because calls hang', () => {
    const bench = new CircuitBench({ minimumCalls: 5 });
    bench.acquireMany(5);
    bench.advance(2_001);
    bench.isRefused();
    const explanation = bench.circuit.explain();
    expect(explanation.rule).toBe('slowCallRateThreshold');
    expect(explanation.figures.inFlightSlow).toBe(5);
    expect(explanation.sentence).toMatch(/5 of 5 .* in flight/);
  });

  it('rule 17: tells of a circuit that probes reopened', () => {
    const bench = new CircuitBench({
      consecutiveFailures: 1,
      halfOpen: { calls: 1 },
    });
    bench.tripAndProbe().failure(new Error('still down'));
    expect(bench.circuit.explain().sentence).toMatch(/probe/);
  });

  it('rule 17: says that an open circuit is due', () => {
    const bench = new CircuitBench({ consecutiveFailures: 1 }).trip();
    const before = bench.circuit.explain().sentence;
    bench.advance(60_000);
    expect(bench.circuit.explain().sentence).not.toBe(before);
  });

  it('rule 17: copes with errors that are no Errors', () => {
    const bench = new CircuitBench({ consecutiveFailures: 5 });
    const odd = [undefined, null, 'text', Symbol('s'), { toString: null }];
    for (const error of odd) bench.acquire().failure(error);
    const { sentence, lastFailures } = bench.circuit.explain();
    expect(sentence).toContain('open');
    expect(lastFailures).toHaveLength(5);
  });

  it('rule 17: is plain JSON and changes nothing', () => {
    const bench = new CircuitBench({ consecutiveFailures: 1 }).trip();
    const before = bench.circuit.snapshot();
    const explanation = bench.circuit.explain();
    expect(JSON.parse(JSON.stringify(explanation))).toEqual(explanation);
    expect(bench.circuit.snapshot()).toEqual(before);
  });
});
