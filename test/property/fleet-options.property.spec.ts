import { describe, expect, it } from '@jest/globals';
import {
  asDocument,
  joinOptions,
  layPatch,
  type SharedOptions,
} from '../../lib/redis/shared-options.js';
import type { CircuitOptions } from '../../lib/state/circuit-options.js';
import { mergeOptions } from '../../lib/state/merge-options.js';
import { randomFrom, type Random } from '../support/random.js';

const FIRST = Number(process.env['FLEET_SEED'] ?? Date.now() % 1e6);
const RUNS = Number(process.env['FLEET_PROGRAMS'] ?? 500);

/** Options of every kind: alone, in parts, as a whole, off, lists, and windows of both types. */
function patchFrom({ pick, upTo, chance }: Random): CircuitOptions {
  const number = upTo(9);
  const patches: CircuitOptions[] = [
    { minimumCalls: number },
    { maxKeys: number, critical: chance(0.5) },
    { failureRateThreshold: pick<false | number>(false, 0.1 + 0.2) },
    { openDuration: pick<'1m' | number>('1m', number) },
    { openDuration: { initial: number, multiplier: 2 } },
    { openDuration: {} } as CircuitOptions,
    { halfOpen: { calls: number } },
    { halfOpen: { concurrency: number, maxDuration: '1s' } },
    { halfOpen: {} },
    { bulkhead: false },
    { bulkhead: { maxConcurrent: number } },
    { bulkhead: { maxQueue: number } } as CircuitOptions,
    { bulkhead: {} } as CircuitOptions,
    { recordErrors: [] },
    { window: { size: number } },
    { window: { type: 'count', size: number } },
    { window: { type: 'count', maxAge: false } },
    { window: { type: 'time', duration: number } },
    { window: { type: 'time', buckets: number } },
    { window: {}, minimumCalls: undefined as never },
  ];
  return mergeOptions(pick(...patches), pick(...patches));
}

/** In code. An object of nothing over a single value there would be refused where it was given. */
function baseFrom({ pick }: Random): CircuitOptions {
  return {
    openDuration: { initial: 5, multiplier: 3 },
    bulkhead: { maxConcurrent: 5, maxQueue: 6 },
    window: pick<CircuitOptions['window'] & object>(
      { type: 'time', duration: 50, buckets: 5 },
      { size: 50, maxAge: '1m' },
    ),
    halfOpen: { calls: 5 },
  };
}

describe('options that instances change one after another', () => {
  it(`come to what mergeOptions makes of them, in ${RUNS} orders from seed ${FIRST}`, () => {
    for (let seed = FIRST; seed < FIRST + RUNS; seed++) {
      const random = randomFrom(seed);
      const base = baseFrom(random);
      let expected: CircuitOptions = {};
      let options: SharedOptions = {};
      for (let gen = 1; gen <= 6; gen++) {
        const patch = patchFrom(random);
        expected = mergeOptions(expected, patch);
        options = layPatch(options, patch, gen);
        expect({
          seed,
          gen,
          ...mergeOptions(base, asDocument(options)),
        }).toEqual({ seed, gen, ...mergeOptions(base, expected) });
      }
    }
  });

  it(`are the same joined in any order, with older ones too, in ${RUNS} runs from seed ${FIRST}`, () => {
    for (let seed = FIRST; seed < FIRST + RUNS; seed++) {
      const random = randomFrom(seed);
      const known: SharedOptions[] = [{}];
      // Stores that were emptied, and replicas that know less, go on from what they have.
      for (let gen = 1; gen <= 6; gen++) {
        known.push(layPatch(random.pick(...known), patchFrom(random), gen));
      }
      const [one, two] = [known, known.toReversed()].map(each =>
        each.reduce(joinOptions),
      );
      expect({ seed, options: one }).toEqual({ seed, options: two });
      for (const each of known) {
        expect({ seed, options: joinOptions(one!, each) }).toEqual({
          seed,
          options: one,
        });
      }
    }
  });
});
