import { seededRandom } from '../../lib/testing/seeded-random.js';

/** Draws from a seed: the same seed, the same run. */
export interface Random {
  /** From 0 to 1, 1 excluded. */
  next(): number;
  chance(share: number): boolean;
  /** A whole number from 0 to `most`, both included. */
  upTo(most: number): number;
  pick<const T>(...from: readonly T[]): T;
}

export function randomFrom(seed: number): Random {
  const next = seededRandom(seed);
  return {
    next,
    chance: share => next() < share,
    upTo: most => Math.floor(next() * (most + 1)),
    pick: (...from) => from[Math.floor(next() * from.length)]!,
  };
}
