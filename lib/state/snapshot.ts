import type { Totals } from './call-record.js';
import type { CircuitRules } from './circuit-options.js';
import type { SharedSnapshot } from './coordinator.js';
import type { CircuitState } from './circuit-state.js';
import type { FailureRecord, TransitionRecord } from './history.js';
import type { LatencySnapshot } from './latency.js';
import type { StateMachine } from './state-machine.js';

/** The calls in the window; rates are null without calls. */
export interface WindowSnapshot {
  readonly calls: number;
  readonly failures: number;
  readonly slow: number;
  readonly failureRate: number | null;
  readonly slowCallRate: number | null;
  readonly successRate: number | null;
  /** False below `minimumCalls`: the rates trip nothing yet. */
  readonly decided: boolean;
}

/** The probes of a half-open circuit. */
export interface HalfOpenSnapshot {
  readonly admitted: number;
  readonly inFlight: number;
  readonly successes: number;
  readonly failures: number;
}

/** A circuit at one instant, as plain JSON. */
export interface CircuitSnapshot {
  readonly name: string;
  /** The key of a keyed circuit, else `null`. */
  readonly key: string | null;
  readonly state: CircuitState;
  readonly mode: CircuitRules['mode'];
  readonly generation: number;
  /** When the state began, in milliseconds since the epoch. */
  readonly since: number;
  /** Openings in a row since the circuit was last closed. */
  readonly attempt: number;
  /** Milliseconds until the first probe of an open circuit, 0 if it is due; else `null`. */
  readonly retryAfter: number | null;
  readonly window: WindowSnapshot;
  readonly totals: Readonly<Totals>;
  /** Admitted calls that have not ended. */
  readonly inFlight: number;
  /** Those of them that have run for longer than `slowCallDuration`. */
  readonly inFlightSlow: number;
  readonly halfOpen: HalfOpenSnapshot | null;
  /** Milliseconds, of the last one to two minutes. */
  readonly latency: LatencySnapshot;
  readonly lastFailure: FailureRecord | null;
  /** The last ten, oldest first. */
  readonly transitions: readonly TransitionRecord[];
  /** The view shared with other instances; `null` if there is none. */
  readonly shared: SharedSnapshot | null;
}

/** Reads a state machine; changes nothing. */
export function takeSnapshot(machine: StateMachine): CircuitSnapshot {
  const now = machine.now();
  const { phase, record, history, timed, rules } = machine;
  timed.advance(now);
  return {
    name: machine.name,
    key: machine.key,
    state: phase.state,
    mode: rules.mode,
    generation: machine.generation,
    since: phase.at,
    attempt: machine.attempt,
    retryAfter: phase.state === 'open' ? machine.retryAfter(now) : null,
    window: windowSnapshot(machine, now),
    totals: { ...record.totals },
    inFlight: machine.inFlight,
    inFlightSlow: timed.slow,
    halfOpen:
      phase.state === 'half-open'
        ? {
            admitted: phase.tally.admitted,
            inFlight: phase.tally.inFlight,
            successes: phase.tally.successes,
            failures: phase.tally.failures,
          }
        : null,
    latency: record.latency.snapshot(now),
    lastFailure: history.failures.at(-1) ?? null,
    transitions: [...history.transitions],
    shared: machine.shared.describe(),
  };
}

/** The window alone, for those who read many circuits; changes nothing that counts. */
export function windowSnapshot(
  machine: StateMachine,
  now = machine.now(),
): WindowSnapshot {
  const {
    phase,
    record: { window },
    rules,
  } = machine;
  // An open circuit shows the window that tripped it. What was overdue in
  // half-open and nobody noticed will be judged on the window of that instant.
  if (phase.state !== 'open') window.age(machine.nextLapse(now)?.at ?? now);
  const { calls, failures, slow } = window;
  const rate = (part: number) => (calls === 0 ? null : part / calls);
  return {
    calls,
    failures,
    slow,
    failureRate: rate(failures),
    slowCallRate: rate(slow),
    successRate: rate(calls - failures),
    decided: calls >= rules.minimumCalls,
  };
}
