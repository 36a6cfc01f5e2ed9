/** Draws from a seed: the same seed, the same run. */
export interface Random {
  /** From 0 to 1, 1 excluded. */
  next(): number;
  chance(share: number): boolean;
  /** A whole number from 0 to `most`, both included. */
  upTo(most: number): number;
  pick<const T>(...from: readonly T[]): T;
}

/** Mulberry32 (Tommy Ettinger, public domain). */
export function randomFrom(seed: number): Random {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
  return {
    next,
    chance: share => next() < share,
    upTo: most => Math.floor(next() * (most + 1)),
    pick: (...from) => from[Math.floor(next() * from.length)]!,
  };
}
