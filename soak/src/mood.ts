import { pick } from './random.js';

/** How a dependency behaves for a while; shares are of its requests. */
export interface Mood {
  readonly name: string;
  /** Answered by 500. */
  readonly errors: number;
  /** Not answered until the mood changes. */
  readonly hangs: number;
  /** Whose connection is cut. */
  readonly cuts: number;
  /** The longest time before an answer. */
  readonly delayMs: number;
}

const WELL: Mood = { name: 'well', errors: 0, hangs: 0, cuts: 0, delayMs: 5 };

/** Everything that a dependency can have. */
const MOODS: readonly Mood[] = [
  WELL,
  WELL,
  { name: 'shaky', errors: 0.2, hangs: 0, cuts: 0.05, delayMs: 20 },
  { name: 'broken', errors: 1, hangs: 0, cuts: 0, delayMs: 2 },
  { name: 'slow', errors: 0, hangs: 0, cuts: 0, delayMs: 600 },
  { name: 'hanging', errors: 0, hangs: 1, cuts: 0, delayMs: 0 },
  { name: 'cut off', errors: 0, hangs: 0, cuts: 1, delayMs: 0 },
];

/** The next mood of a dependency, and how long it lasts. */
export function nextMood(random: () => number): {
  readonly mood: Mood;
  readonly lastsMs: number;
} {
  return { mood: pick(random, MOODS), lastsMs: 2_000 + random() * 8_000 };
}

/** The mood in which every run ends, so that everything can be drained. */
export const LAST_MOOD = WELL;
