import { describe, expect, it } from '@jest/globals';
import { CircuitBench } from '../support/circuit-bench.js';

describe('rule 7: the verdict of half-open', () => {
  it.each<[number, number, string, string]>([
    // calls, threshold, probes, state after each (h half-open, c closed, o open)
    [10, 0.6, 'SSSSSS', 'hhhhhc'],
    [10, 0.6, 'FFFFF', 'hhhho'],
    [10, 0.6, 'SFSFSFSFSS', 'hhhhhhhhhc'],
    [10, 0.6, 'FSFSFSFSF', 'hhhhhhhho'],
    [1, 0.001, 'S', 'c'],
    [1, 0.001, 'F', 'o'],
    [3, 1, 'F', 'o'],
    [3, 1, 'SSS', 'hhc'],
    [3, 1, 'SSF', 'hho'],
    [5, 0.5, 'SSFFS', 'hhhhc'],
    [5, 0.5, 'SSFFF', 'hhhho'],
    [4, 0.5, 'FFSS', 'hhhc'],
    [4, 0.5, 'FFF', 'hho'],
    [2, 0.001, 'S', 'c'],
    [2, 0.001, 'FF', 'ho'],
    // A slow probe counts against it.
    [3, 1, 'L', 'o'],
    [10, 0.6, 'LLLLL', 'hhhho'],
    [4, 0.5, 'LSLS', 'hhhc'],
    // An ignored one does not count.
    [3, 1, 'ISISIS', 'hhhhhc'],
  ])(
    'rule 7: closes or opens as soon as the remaining probes cannot change it: %d calls at %d, %s: %s',
    (calls, successRateThreshold, script, states) => {
      const bench = new CircuitBench({
        consecutiveFailures: 1,
        halfOpen: { calls, concurrency: calls, successRateThreshold },
      });
      const seen = bench.tripToHalfOpen().statesAfter(script);
      expect(seen.map(state => state[0]).join('')).toBe(states);
    },
  );

  it('rule 7: a slow success is a failure in the tally and a success in the totals', () => {
    const bench = new CircuitBench({ consecutiveFailures: 1 });
    bench.tripToHalfOpen();
    const { successes } = bench.totals;
    bench.play('L');
    expect(bench.halfOpen).toMatchObject({ successes: 0, failures: 1 });
    expect(bench.totals.successes).toBe(successes + 1);
    expect(bench.window).toMatchObject({ calls: 1, failures: 0, slow: 1 });
  });

  it("rule 7: the rules of a closed circuit do not judge probes, and the window's size does not matter", () => {
    const bench = new CircuitBench({
      window: { size: 1 },
      minimumCalls: 1,
      consecutiveFailures: 1,
      failureCount: 1,
    });
    expect(bench.tripToHalfOpen().statesAfter('FFFFSSSSSS').at(-2)).toBe(
      'half-open',
    );
    expect(bench.state).toBe('closed');
  });

  it('rule 7: a failure after the verdict to close does not reopen', () => {
    const bench = new CircuitBench({
      consecutiveFailures: 1,
      halfOpen: { calls: 3, concurrency: 3 },
    });
    bench.tripToHalfOpen();
    const [first, second, third] = bench.acquireMany(3);
    first?.success();
    second?.success();
    third?.failure('down');
    expect(bench.state).toBe('closed');
    expect(bench.window.calls).toBe(0);
  });

  it('rule 7: the circuit works as before once it has closed', () => {
    const bench = new CircuitBench({
      consecutiveFailures: 2,
      halfOpen: { calls: 1 },
    });
    bench.tripAndProbe().success();
    expect(bench.statesAfter('FF')).toEqual(['closed', 'open']);
  });
});
