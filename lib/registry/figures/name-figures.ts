import type { Circuit } from '../../circuit/circuit.js';
import type { CircuitState } from '../../state/circuit-state.js';
import { windowSnapshot } from '../../state/snapshot.js';
import type { Trip } from '../../state/trip-rules.js';
import { addTotals, noTotals } from './totals-sum.js';

/** The states, the one that needs a person most urgently first. */
export const STATES_BY_TROUBLE = [
  'open',
  'forced-open',
  'half-open',
  'forced-closed',
  'closed',
] as const satisfies readonly CircuitState[];

/** What opens a circuit, as a metric calls it. */
export type OpenedBy = Trip['rule'] | 'override';

/** A change of state, and how often it happened. */
export interface TransitionCount {
  readonly from: CircuitState;
  readonly to: CircuitState;
  count: number;
}

/**
 * What the circuits of one name come to. Counts are summed; the state is that of
 * the circuit in most trouble, so that one open circuit among a thousand keyed
 * ones is seen.
 */
export class NameFigures {
  state: CircuitState = 'closed';
  /** When the state began, in milliseconds since the epoch: of several circuits in trouble the earliest. */
  since = 0;
  /** Which rule opened it; `null` unless open or forced open. */
  openedBy: OpenedBy | null = null;
  /** When the first of the open circuits may be probed, in milliseconds since the epoch. */
  nextProbe: number | null = null;
  inFlight = 0;
  /** Calls, failures and slow calls in the windows. */
  readonly window = { calls: 0, failures: 0, slow: 0 };
  readonly totals = noTotals();
  /** How many keyed circuits are in each state. */
  readonly keyed = new Map<CircuitState, number>();

  /** @param mode the mode of the circuit that has the name and no key */
  constructor(
    readonly name: string,
    readonly mode: Circuit['rules']['mode'],
    readonly transitions: Iterable<TransitionCount> = [],
  ) {}

  /** Adds a circuit. */
  add(circuit: Circuit): void {
    const { calls, failures, slow } = windowSnapshot(circuit.machine);
    this.window.calls += calls;
    this.window.failures += failures;
    this.window.slow += slow;
    this.inFlight += circuit.inFlight;
    addTotals(this.totals, circuit.totals);
    if (circuit.key !== null) {
      const { state } = circuit;
      this.keyed.set(state, (this.keyed.get(state) ?? 0) + 1);
    }
    this.addState(circuit);
  }

  private addState({ machine: { phase } }: Circuit): void {
    const { state, at } = phase;
    if (state === 'open') {
      const probe = phase.at + phase.wait;
      this.nextProbe = Math.min(this.nextProbe ?? Infinity, probe);
    }
    const order = rank(state) - rank(this.state);
    // In trouble since the first one is, closed since the last one is.
    const isDecisive = state === 'closed' ? at > this.since : at < this.since;
    if (order > 0 || (order === 0 && !isDecisive)) return;
    this.state = state;
    this.since = at;
    this.openedBy =
      phase.state === 'open'
        ? phase.trip.rule
        : state === 'forced-open'
          ? 'override'
          : null;
  }
}

function rank(state: CircuitState): number {
  return STATES_BY_TROUBLE.indexOf(state);
}
