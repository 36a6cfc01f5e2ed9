import { describe, expect, it } from '@jest/globals';
import {
  circuitOptionsSchema,
  type CircuitOptions,
} from '../../lib/state/circuit-options.js';
import { parseOptions } from '../../lib/state/parse-options.js';
import { timeoutWarnings } from '../../lib/state/timeout-checks.js';

describe('timeoutWarnings', () => {
  it.each<[string, CircuitOptions, number, RegExp]>([
    [
      'a slow call that is longer than the timeout',
      { slowCallDuration: '3s' },
      2_000,
      /^slowCallDuration: 3000 ms is not below the timeout of 2000 ms/,
    ],
    [
      'a slow call that is exactly the timeout',
      { slowCallDuration: '2s' },
      2_000,
      /^slowCallDuration/,
    ],
    [
      'a wait that is shorter than the timeout',
      { openDuration: '1s' },
      5_000,
      /^openDuration: 1000 ms is not above the timeout of 5000 ms/,
    ],
    [
      'a growing wait that begins with the timeout',
      { openDuration: { initial: '5s', multiplier: 2 } },
      5_000,
      /^openDuration/,
    ],
  ])('warns of %s', (_what, options, timeout, warning) => {
    expect(warningsOf(options, timeout)).toEqual([
      expect.stringMatching(warning),
    ]);
  });

  it.each<[string, CircuitOptions, number]>([
    ['the defaults beside a usual timeout', {}, 5_000],
    ['a default that nobody chose', {}, 1_000],
    ['a slow call below the timeout', { slowCallDuration: '1s' }, 1_001],
    ['slow calls switched off', { slowCallDuration: false }, 10],
    [
      'slow calls switched off, whatever the timeout',
      { slowCallDuration: false },
      0.5,
    ],
    ['a wait above the timeout', { openDuration: 1_001 }, 1_000],
    ['a wait that a function decides', { openDuration: () => 1 }, 1_000],
  ])('says nothing of %s', (_what, options, timeout) => {
    expect(warningsOf(options, timeout)).toEqual([]);
  });
});

function warningsOf(options: CircuitOptions, timeout: number): string[] {
  const rules = parseOptions(circuitOptionsSchema, options, 'Circuit');
  return timeoutWarnings(rules, options, timeout);
}
