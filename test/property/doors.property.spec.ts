import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { DOORS_PROGRAM } from './doors-program.js';
import { runDoors } from './run-doors.js';

/** How many random programs one run of the tests tries. */
const RUNS = Number(process.env['PROPERTY_RUNS'] ?? 1_500);
const LIMIT_MS = 120_000 + 20 * RUNS;

describe('the doors of a circuit under random programs', () => {
  it(
    'answer every call once, and give everything back',
    async () => {
      await fc.assert(
        fc.asyncProperty(DOORS_PROGRAM, async program => {
          expect(await runDoors(program)).toEqual([]);
        }),
        { numRuns: RUNS },
      );
    },
    LIMIT_MS,
  );
});
