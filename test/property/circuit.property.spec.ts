import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { PROGRAM } from './program.js';
import { run } from './run-program.js';

/** How many random programs one run of the tests tries. */
const RUNS = Number(process.env['PROPERTY_RUNS'] ?? 3_000);
const LIMIT_MS = 120_000 + 20 * RUNS;

describe('a circuit under random programs', () => {
  it(
    'does at every step what the reference model does',
    () => {
      fc.assert(
        fc.property(PROGRAM, program => {
          for (const { step, circuit, model } of run(program)) {
            // Far cheaper than an assertion for each of a hundred thousand steps.
            if (JSON.stringify(circuit) === JSON.stringify(model)) continue;
            expect({ step, ...circuit }).toEqual({ step, ...model });
          }
        }),
        { numRuns: RUNS },
      );
    },
    LIMIT_MS,
  );
});
