import * as fc from 'fast-check';
import { InvalidOptionsError } from '../../lib/errors/invalid-options.error.js';

/** How many inputs one run of a suite tries; `FUZZ_RUNS=5000` for a night. */
const FUZZ_RUNS = Number(process.env['FUZZ_RUNS'] ?? 300);

/** For `fc.assert`: a failure prints its seed, and `FUZZ_SEED` repeats it. */
export const fuzzSettings = {
  numRuns: FUZZ_RUNS,
  ...(process.env['FUZZ_SEED'] !== undefined && {
    seed: Number(process.env['FUZZ_SEED']),
  }),
};

/** Names that objects have already, and text that is special somewhere. */
export const oddText = fc.oneof(
  fc.constantFrom(
    '',
    ' ',
    '__proto__',
    'constructor',
    'prototype',
    'toString',
    'hasOwnProperty',
    'then',
    '(overflow)',
    '*',
    '{a}',
    '\u0000',
    '\u2028',
    '\uD800',
    '🧨',
    '../../etc/passwd',
    'a'.repeat(10_000),
    '${7*7}',
    'NaN',
    '1e999',
    '-0',
  ),
  fc.string({ unit: 'binary', maxLength: 40 }),
);

/** Anything at all that a value can be. */
export const anyValue: fc.Arbitrary<unknown> = fc.oneof(
  oddText,
  fc.double(),
  fc.integer(),
  fc.bigInt(),
  fc.constantFrom<unknown>(
    null,
    undefined,
    true,
    false,
    Number.NaN,
    Infinity,
    -Infinity,
    -0,
    2 ** 53,
    2 ** 31,
    -1,
    0,
    0.0005,
    '30s',
    '-1s',
    '1e3 years',
    '99999999999d',
    Symbol('odd'),
    new Date(Number.NaN),
    /odd/,
    Promise.resolve(1),
    () => 1,
    () => {
      throw new Error('a function of the fuzz');
    },
    class Odd {
      odd = 1;
    },
    new Map([[1, 2]]),
    new Proxy({}, {}),
    Object.create(null),
  ),
  fc.array(fc.anything({ maxDepth: 1 }), { maxLength: 4 }),
  fc.anything({ maxDepth: 2, withNullPrototype: true, withBigInt: true }),
);

/** An object that has some known keys, with anything in them, and some unknown. */
export function nearlyOptions(
  keys: readonly string[],
  values: fc.Arbitrary<unknown> = anyValue,
): fc.Arbitrary<Record<string, unknown>> {
  const known = fc.dictionary(fc.constantFrom(...keys), values, {
    maxKeys: 4,
    noNullPrototype: true,
  });
  const strange = fc.dictionary(oddText, values, {
    maxKeys: 1,
    noNullPrototype: true,
  });
  return fc
    .tuple(known, fc.oneof({ weight: 4, arbitrary: fc.constant({}) }, strange))
    .map(([own, others]) => Object.assign({}, own, others));
}

/** What became of bad input. */
export type Verdict<T> =
  { readonly taken: T } | { readonly refused: InvalidOptionsError };

/**
 * Input is taken, or refused with a clear error. Anything else that is thrown is
 * a defect and comes out as it is.
 */
export function judge<T>(take: () => T): Verdict<T> {
  try {
    return { taken: take() };
  } catch (error) {
    if (!(error instanceof InvalidOptionsError)) throw error;
    if (error.problems.length === 0) {
      throw new Error('refused without a reason', { cause: error });
    }
    for (const { path, message } of error.problems) {
      if (path === '' || message.length < 5 || message.length > 2_000) {
        throw new Error(`not a clear problem: ${path}: ${message}`, {
          cause: error,
        });
      }
    }
    return { refused: error };
  }
}
