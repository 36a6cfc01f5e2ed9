import type { Circuit } from '../circuit/circuit.js';
import type { CircuitRules } from '../state/circuit-options.js';
import type { CircuitState } from '../state/circuit-state.js';

/** What a health answer says of a circuit that is not plainly closed. */
export interface CircuitTrouble {
  readonly state: CircuitState;
  readonly mode: CircuitRules['mode'];
  /** When the state began, as ISO 8601. */
  readonly since: string;
  /** Milliseconds until the first probe, 0 when it is due; `null` unless open. */
  readonly retryAfter: number | null;
  /** The sentence of `explain()`. */
  readonly reason: string;
}

/** `undefined` for a circuit that is closed, or switched off. */
export function describeTrouble(circuit: Circuit): CircuitTrouble | undefined {
  const { state, rules } = circuit;
  if (state === 'closed' || rules.mode === 'disabled') return undefined;
  const { since, retryAfter, mode } = circuit.snapshot();
  return {
    state,
    mode,
    since: new Date(since).toISOString(),
    retryAfter: retryAfter === null ? null : Math.ceil(retryAfter),
    reason: circuit.explain().sentence,
  };
}
