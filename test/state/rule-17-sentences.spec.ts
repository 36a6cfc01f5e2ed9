import { describe, expect, it } from '@jest/globals';
import type { CircuitOptions } from '../../lib/state/circuit-options.js';
import { CircuitBench } from '../support/circuit-bench.js';

type Play = (bench: CircuitBench) => void;

/** Opens it by one failure with a message. */
const trip: Play = bench => bench.acquire().failure(new TypeError('hang up'));

describe('rule 17: the sentence', () => {
  it.each<[string, CircuitOptions, Play, string]>([
    [
      'a fresh circuit',
      {},
      () => {},
      '"bench" is closed: no calls in its window.',
    ],
    [
      'few calls',
      { minimumCalls: 4 },
      bench => bench.play('SFL'),
      '"bench" is closed: of 3 calls in its window 1 failed and 1 were slow, too few for a rate to count.',
    ],
    [
      'enough calls',
      { minimumCalls: 3 },
      bench => bench.play('SFL'),
      '"bench" is closed: of 3 calls in its window 1 failed and 1 were slow.',
    ],
    [
      'a circuit that was closed again',
      { consecutiveFailures: 1 },
      bench => {
        trip(bench);
        bench.circuit.reset('repaired');
      },
      '"bench" is closed because repaired: no calls in its window.',
    ],
    [
      'a circuit whose probes succeeded',
      { consecutiveFailures: 1, openDuration: 1_000, halfOpen: { calls: 1 } },
      bench => {
        trip(bench);
        bench.advance(1_000).play('S');
      },
      '"bench" is closed because 1 of 1 probes succeeded: no calls in its window.',
    ],
    [
      'shadow mode',
      { mode: 'shadow' },
      () => {},
      '"bench" is closed (mode shadow): no calls in its window.',
    ],
    [
      'an open circuit',
      { consecutiveFailures: 1, openDuration: 12_345 },
      trip,
      '"bench" is open because 1 calls in a row failed; the next probe may pass in 12.4 s; the last failure was TypeError: hang up.',
    ],
    [
      'an open circuit that is due',
      { consecutiveFailures: 1, openDuration: 1_000 },
      bench => {
        trip(bench);
        bench.advance(1_000);
      },
      '"bench" is open because 1 calls in a row failed; the next call is a probe; the last failure was TypeError: hang up.',
    ],
    [
      'a circuit that was told to be open and then released',
      { halfOpen: { calls: 5 } },
      bench => {
        bench.circuit.forceOpen('works');
        bench.circuit.releaseOverride('works are over');
        bench.play('S');
        bench.acquire();
      },
      '"bench" is half-open because works are over: of 5 probes 1 succeeded, 0 failed and 1 are in flight.',
    ],
    [
      'a circuit that probes',
      { consecutiveFailures: 1, openDuration: 1_000, halfOpen: { calls: 5 } },
      bench => {
        trip(bench);
        bench.advance(1_000).play('SF');
        bench.acquire();
      },
      '"bench" is half-open because the wait is over: of 5 probes 1 succeeded, 1 failed and 1 are in flight; the last failure was Error: down.',
    ],
    [
      'a circuit that a person holds open',
      {},
      bench => bench.circuit.forceOpen('works'),
      '"bench" is forced open until it is released (works).',
    ],
  ])('rule 17: of %s', (_what, options, play, sentence) => {
    const bench = new CircuitBench(options);
    play(bench);
    expect(bench.circuit.explain().sentence).toBe(sentence);
  });
});
