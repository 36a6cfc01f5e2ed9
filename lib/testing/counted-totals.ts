import type { Circuit } from '../circuit/circuit.js';
import type { Totals } from '../state/call-record.js';

/** What circuits had counted when a test began. */
const begun = new WeakMap<Circuit, Readonly<Totals>>();

/** Counts of a circuit begin at zero from here on, for matchers; the circuit's own totals stay. */
export function countFromHere(circuit: Circuit): void {
  begun.set(circuit, { ...circuit.totals });
}

/** What a circuit has counted since {@link countFromHere}, or since it was made. */
export function countedTotals(circuit: Circuit): Totals {
  const totals = { ...circuit.totals };
  const before = begun.get(circuit);
  if (before === undefined) return totals;
  for (const name of Object.keys(totals) as (keyof Totals)[]) {
    totals[name] -= before[name];
  }
  return totals;
}
