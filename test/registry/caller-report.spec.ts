import { describe, expect, it } from '@jest/globals';
import {
  CallerReport,
  describeCallers,
} from '../../lib/registry/caller-report.js';
import type { CircuitState } from '../../lib/state/circuit-state.js';
import { RegistryBench } from '../support/registry-bench.js';

const NOBODY = { failures: 0, rejected: 0, fallbacks: 0, cacheHits: 0 };

describe('what callers got', () => {
  it('is counted from one time to the next', async () => {
    const { registry } = new RegistryBench({
      circuits: { a: { minimumCalls: 100 } },
    });
    const circuit = registry.get('a');
    const report = new CallerReport();
    let isDown = false;
    const call = circuit.wrap(
      async () => {
        if (isDown) throw new Error('down');
        return 1;
      },
      { cache: { staleFor: '10m', key: () => 'one' } },
    );
    await call();
    isDown = true;

    const counted = [];
    for (const calls of [2, 3, 0]) {
      for (let i = 0; i < calls; i++) await call();
      counted.push(report.since(circuit));
    }

    expect(counted).toEqual([
      { ...NOBODY, failures: 2, cacheHits: 2 },
      { ...NOBODY, failures: 3, cacheHits: 3 },
      NOBODY,
    ]);
  });
});

describe('a sentence on callers', () => {
  it.each<[CircuitState, CircuitState]>([
    ['closed', 'open'],
    ['closed', 'forced-open'],
  ])('tells of refusals from %s to %s', (from, to) => {
    expect(describeCallers({ from, to }, 'enforced', NOBODY)).toBe(
      'Callers are refused now, unless they have a fallback.',
    );
    expect(
      describeCallers({ from, to }, 'enforced', {
        failures: 9,
        rejected: 0,
        fallbacks: 3,
        cacheHits: 2,
      }),
    ).toBe(
      'Callers are refused now or get their fallback, as they did 5 times for 9 failures so far.',
    );
  });

  it('counts the cache where no fallback has answered', () => {
    expect(
      describeCallers({ from: 'closed', to: 'open' }, 'enforced', {
        ...NOBODY,
        cacheHits: 2,
      }),
    ).toContain('as they did 2 times');
    expect(
      describeCallers({ from: 'closed', to: 'open' }, 'enforced', {
        ...NOBODY,
        cacheHits: 2,
        fallbacks: 2,
      }),
    ).toContain('as they did 4 times');
  });

  it.each<[CircuitState, CircuitState]>([
    ['closed', 'forced-closed'],
    ['half-open', 'open'],
    ['open', 'forced-open'],
    ['open', 'half-open'],
  ])('tells what happened meanwhile from %s to %s', (from, to) => {
    expect(
      describeCallers({ from, to }, 'enforced', {
        failures: 1,
        rejected: 2,
        fallbacks: 3,
        cacheHits: 4,
      }),
    ).toBe(
      'Meanwhile 2 calls were refused and 1 failed; fallbacks answered 3 and the cache 4.',
    );
  });
});
