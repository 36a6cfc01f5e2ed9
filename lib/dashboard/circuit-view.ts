import type { Circuit } from '../circuit/circuit.js';
import type { CircuitRules } from '../state/circuit-options.js';
import type { SharedSnapshot } from '../state/coordinator.js';
import type { Explanation } from '../state/explanation.js';
import type { CircuitSnapshot } from '../state/snapshot.js';
import type { HistoryView } from './call-history.js';

/** The rules that a person may want to see, or to change, when a circuit trips. Durations in milliseconds. */
export type ThresholdsView = Pick<
  CircuitRules,
  | 'minimumCalls'
  | 'failureRateThreshold'
  | 'failureCount'
  | 'consecutiveFailures'
  | 'slowCallDuration'
  | 'slowCallRateThreshold'
> & {
  /** `null` where a function decides. */
  readonly openDuration: number | null;
};

/** A circuit as the API answers it: its snapshot and why it is so. */
export interface CircuitView extends CircuitSnapshot {
  readonly critical: boolean;
  /** The sentence of `explain()`. */
  readonly sentence: string;
  /** The rule that opened the circuit, else `null`. */
  readonly rule: Explanation['rule'];
  /** When the next probe may pass, in milliseconds since the epoch; `null` unless open. */
  readonly nextProbe: number | null;
  /** The last five, oldest first. */
  readonly lastFailures: Explanation['lastFailures'];
  readonly thresholds: ThresholdsView;
  /** The last minutes; left out where there were no calls, and where only the state changed. */
  readonly history?: HistoryView;
}

/** What changes with every call; told once a second. */
export type CircuitFigures = Pick<
  CircuitSnapshot,
  'name' | 'key' | 'totals' | 'inFlight' | 'inFlightSlow' | 'halfOpen'
> & {
  readonly window: Pick<
    CircuitSnapshot['window'],
    'calls' | 'failures' | 'slow'
  >;
  readonly latency: CircuitSnapshot['latency'];
  /** Left out without a fleet. */
  readonly shared?: SharedSnapshot;
  /** Left out while the circuit is closed. */
  readonly sentence?: string;
};

/** Everything about a circuit, without its history. */
export function viewCircuit(circuit: Circuit): CircuitView {
  const { rules } = circuit;
  const { sentence, rule, nextProbe, lastFailures } = circuit.explain();
  return {
    ...circuit.snapshot(),
    critical: rules.critical,
    sentence,
    rule,
    nextProbe,
    lastFailures,
    thresholds: {
      minimumCalls: rules.minimumCalls,
      failureRateThreshold: rules.failureRateThreshold,
      failureCount: rules.failureCount,
      consecutiveFailures: rules.consecutiveFailures,
      slowCallDuration: rules.slowCallDuration,
      slowCallRateThreshold: rules.slowCallRateThreshold,
      openDuration: openDurationOf(rules),
    },
  };
}

/** What has changed with the calls of the last second. */
export function viewFigures(circuit: Circuit): CircuitFigures {
  const {
    name,
    key,
    state,
    totals,
    inFlight,
    inFlightSlow,
    halfOpen,
    window: { calls, failures, slow },
    latency,
    shared,
  } = circuit.snapshot();
  return {
    name,
    key,
    totals,
    inFlight,
    inFlightSlow,
    halfOpen,
    window: { calls, failures, slow },
    latency,
    ...(shared === null ? {} : { shared }),
    ...(state === 'closed' ? {} : { sentence: circuit.explain().sentence }),
  };
}

function openDurationOf({ openDuration }: CircuitRules): number | null {
  if (typeof openDuration === 'object') return openDuration.initial;
  return typeof openDuration === 'number' ? openDuration : null;
}
