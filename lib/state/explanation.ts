import { circuitTitle } from './circuit-title.js';
import type { CircuitState } from './circuit-state.js';
import type { FailureRecord } from './history.js';
import { takeSnapshot, type CircuitSnapshot } from './snapshot.js';
import type { StateMachine } from './state-machine.js';
import type { Trip } from './trip-rules.js';

/** Why a circuit's state is what it is. */
export interface Explanation {
  readonly name: string;
  readonly key: string | null;
  readonly state: CircuitState;
  /** When the state began, in milliseconds since the epoch. */
  readonly since: number;
  /** The rule that opened the circuit; `null` in other states. */
  readonly rule: Trip['rule'] | null;
  /** The whole answer in one sentence. */
  readonly sentence: string;
  readonly figures: CircuitSnapshot['window'] & {
    readonly inFlight: number;
    readonly inFlightSlow: number;
  };
  /** The last five, oldest first. */
  readonly lastFailures: readonly FailureRecord[];
  /** When the next probe may pass, in milliseconds since the epoch; `null` unless open. */
  readonly nextProbe: number | null;
}

/** Explains a state machine's state; changes nothing. */
export function explain(machine: StateMachine): Explanation {
  const snapshot = takeSnapshot(machine);
  const { name, key, state, since, window, inFlight, inFlightSlow } = snapshot;
  const { phase, history } = machine;
  return {
    name,
    key,
    state,
    since,
    rule: phase.state === 'open' ? phase.trip.rule : null,
    sentence: sentenceFor(machine, snapshot),
    figures: { ...window, inFlight, inFlightSlow },
    lastFailures: [...history.failures],
    nextProbe: phase.state === 'open' ? Math.ceil(phase.at + phase.wait) : null,
  };
}

function sentenceFor(machine: StateMachine, snapshot: CircuitSnapshot): string {
  const { phase, rules } = machine;
  const { window, lastFailure, retryAfter } = snapshot;
  const subject = circuitTitle(snapshot);
  const last =
    lastFailure === null
      ? ''
      : `; the last failure was ${lastFailure.name}: ${lastFailure.message}`;
  // A new window says nothing of why it was begun: the last change does.
  const change = snapshot.transitions.at(-1);
  const because = change === undefined ? '' : ` because ${change.reason}`;
  const mode = rules.mode === 'enforced' ? '' : ` (mode ${rules.mode})`;
  switch (phase.state) {
    case 'closed':
      return `${subject} is closed${mode}${because}: ${describeWindow(window)}.`;
    case 'open': {
      const next =
        retryAfter === 0
          ? 'the next call is a probe'
          : `the next probe may pass in ${inSeconds(retryAfter ?? 0)}`;
      return `${subject} is open${mode} because ${phase.trip.reason}; ${next}${last}.`;
    }
    case 'half-open': {
      const { successes, failures, inFlight } = phase.tally;
      return (
        `${subject} is half-open${mode}${because}: of ${rules.halfOpen.calls} probes ${successes} succeeded, ` +
        `${failures} failed and ${inFlight} are in flight${last}.`
      );
    }
    default:
      return `${subject} is ${phase.state.replace('-', ' ')}${mode} until it is released (${phase.reason}).`;
  }
}

function describeWindow({
  calls,
  failures,
  slow,
  decided,
}: CircuitSnapshot['window']): string {
  if (calls === 0) return 'no calls in its window';
  const few = decided ? '' : ', too few for a rate to count';
  return `of ${calls} calls in its window ${failures} failed and ${slow} were slow${few}`;
}

function inSeconds(milliseconds: number): string {
  return `${Math.ceil(milliseconds / 100) / 10} s`;
}
