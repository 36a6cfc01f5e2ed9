import { Circuit } from '../../lib/circuit/circuit.js';
import type {
  HistorySeries,
  HistoryView,
} from '../../lib/dashboard/call-history.js';
import {
  viewCircuit,
  type CircuitView,
} from '../../lib/dashboard/circuit-view.js';
import type { CircuitState } from '../../lib/state/circuit-state.js';
import { VirtualClock } from '../support/virtual-clock.js';

/** Noon: when the scripted server says what it says, unless it says otherwise. */
export const NOON = Date.UTC(2026, 0, 15, 12);
export const SECOND = 1_000;
export const MINUTE = 60_000;

/** A new circuit as the API answers it, with some of it changed. */
export function viewOf(
  name: string,
  changes: Partial<CircuitView> = {},
): CircuitView {
  const clock = new VirtualClock(0, NOON - 10 * MINUTE);
  return { ...viewCircuit(new Circuit(name, {}, { clock })), ...changes };
}

/** A circuit that left closed half a minute ago. */
export function troubled(
  name: string,
  state: Exclude<CircuitState, 'closed'>,
  changes: Partial<CircuitView> = {},
): CircuitView {
  const since = NOON - 30 * SECOND;
  return viewOf(name, {
    state,
    since,
    nextProbe: state === 'open' ? NOON + 30 * SECOND : null,
    halfOpen:
      state === 'half-open'
        ? { admitted: 0, inFlight: 0, successes: 0, failures: 0 }
        : null,
    transitions: [
      { from: 'closed', to: state, at: since, reason: 'ten failures in a row' },
    ],
    sentence: `"${name}" is ${state} because ten failures in a row.`,
    ...changes,
  });
}

/** Totals of a circuit, 0 where nothing else is said. */
export function totalsOf(
  changes: Partial<CircuitView['totals']>,
): CircuitView['totals'] {
  return { ...viewOf('any').totals, ...changes };
}

/** The window of a circuit. */
export function windowOf(
  calls: number,
  failures: number,
  slow = 0,
): CircuitView['window'] {
  return { ...viewOf('any').window, calls, failures, slow };
}

/** The last five minutes, of which only the last entries are said. */
export function historyOf(
  step: 1 | 5,
  last: Partial<Record<HistorySeries, readonly number[]>>,
  until = NOON,
): HistoryView {
  const padded = (entries: readonly number[] = []) => [
    ...Array<number>(300 / step - entries.length).fill(0),
    ...entries,
  ];
  return {
    step,
    until,
    calls: padded(last.calls),
    failures: padded(last.failures),
    slow: padded(last.slow),
    rejected: padded(last.rejected),
    fallbacks: padded(last.fallbacks),
  };
}
