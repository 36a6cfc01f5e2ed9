import { describe, expect, it } from '@jest/globals';
import type { CircuitOptions } from '../../lib/state/circuit-options.js';
import { CircuitBench } from '../support/circuit-bench.js';

/** No rule trips but the one that a test switches on. */
const NONE: CircuitOptions = {
  minimumCalls: 3,
  consecutiveFailures: false,
  failureRateThreshold: false,
  slowCallRateThreshold: false,
};

function reasonOf(bench: CircuitBench): string | undefined {
  return bench.circuit.snapshot().transitions.at(-1)?.reason;
}

describe('rule 17: the reason of a trip, with its figures', () => {
  it.each<[string, CircuitOptions, string]>([
    ['FFF', { consecutiveFailures: 3 }, '3 calls in a row failed'],
    ['FSF', { failureCount: 2 }, '2 calls in the window failed (limit 2)'],
    [
      'SFF',
      { failureRateThreshold: 0.333 },
      '2 of 3 calls failed (66.7 %, threshold 33.3 %)',
    ],
    [
      'SSL',
      { slowCallRateThreshold: 0.25 },
      '1 of 3 calls took longer than 2000 ms (33.3 %, threshold 25 %)',
    ],
  ])('rule 17: of %s with %j', (script, rule, reason) => {
    const bench = new CircuitBench({ ...NONE, ...rule });
    bench.play(script);
    expect(bench.state).toBe('open');
    expect(reasonOf(bench)).toBe(reason);
  });

  it('rule 17: of calls that still hang', () => {
    const bench = new CircuitBench({ ...NONE, slowCallRateThreshold: 0.6 });
    bench.play('S').acquireMany(2);
    bench.advance(2_001);
    expect(bench.isRefused()).toBe(true);
    expect(reasonOf(bench)).toBe(
      '2 of 3 calls took longer than 2000 ms, 2 of them still in flight (66.7 %, threshold 60 %)',
    );
  });
});
