import { HalfOpenTally } from './half-open-tally.js';
import type { Trip } from './trip-rules.js';

/** What only one state has. */
export type PhaseDetails =
  | { readonly state: 'closed' }
  | { readonly state: 'open'; readonly wait: number; readonly trip: Trip }
  | { readonly state: 'half-open'; readonly tally: HalfOpenTally }
  | {
      readonly state: 'forced-open' | 'forced-closed';
      readonly reason: string;
    };

/** A state, since when (in the clock's time, and as epoch ms), and what only that state has. */
export type Phase = PhaseDetails & {
  readonly since: number;
  readonly at: number;
};

/** Half-open, without a probe yet. */
export function halfOpen() {
  return { state: 'half-open' as const, tally: new HalfOpenTally() };
}

/** Whether a person holds the circuit there. */
export function isForced(
  state: Phase['state'],
): state is 'forced-open' | 'forced-closed' {
  return state === 'forced-open' || state === 'forced-closed';
}
