import { z } from 'zod';

/** What a check found: a setting that is valid by itself but surely wrong. */
export interface Finding {
  /** The option to change, e.g. `['window', 'buckets']`. */
  readonly at: readonly string[];
  /** Why it is wrong and what to do, in one sentence. */
  readonly message: string;
  /** `refused` stops the start, `warned` is told once. */
  readonly severity: 'refused' | 'warned';
}

/** Whether the user has set an option, e.g. `given('window', 'buckets')`; a default is not given. */
export type IsGiven = (...path: string[]) => boolean;

/** Judges options in the light of each other. */
export interface CrossCheck<Parsed> {
  /** The options it looks at: it is left out while one of them is invalid by itself. */
  readonly options: readonly string[];
  find(parsed: Parsed, given: IsGiven): Finding | undefined;
}

/** What `parseOptions` does beyond a schema's own rules. */
export interface CrossChecks<Parsed = never> {
  readonly checks: readonly CrossCheck<Parsed>[];
  /** Puts right what need not be refused, after the checks. */
  settle?(parsed: Parsed, given: IsGiven): Parsed;
}

/** Each schema's checks; `crossChecks.get(schema)`. */
export const crossChecks = z.registry<CrossChecks>();

/** Attaches checks to a schema; apart from its making, so that their types can come from it. */
export function addCrossChecks<S extends z.ZodType>(
  schema: S,
  checks: CrossChecks<z.output<S>>,
): void {
  crossChecks.add(schema, checks as CrossChecks);
}
