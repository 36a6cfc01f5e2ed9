import type { FleetCircuit } from './fleet-circuit.js';
import type { CircuitReport, ExchangeRequest } from './fleet-store.js';
import { RuleTable } from './rule-table.js';
import type { FleetWindow } from './shared-rules.js';

/** A flush tells of at most this many circuits, so that the store is never held up for long. */
const MOST_CIRCUITS = 500;

/** What circuits have to tell, and who has told what. */
export interface Reports extends Pick<ExchangeRequest, 'rules' | 'circuits'> {
  /** In the order of the reports. */
  readonly tellers: readonly FleetCircuit[];
}

/** Collects what circuits have to tell, in turns if they are many. */
export class ReportComposer {
  private turn = 0;

  constructor(private readonly window: FleetWindow) {}

  compose(circuits: Iterable<FleetCircuit>): Reports {
    const table = new RuleTable(this.window);
    const reports: CircuitReport[] = [];
    const tellers: FleetCircuit[] = [];
    // Whoever found no room is first the next time.
    const all = [...circuits];
    const first = this.turn % Math.max(1, all.length);
    let looked = 0;
    for (; looked < all.length && reports.length < MOST_CIRCUITS; looked++) {
      const teller = all[(first + looked) % all.length]!;
      const report = teller.collect();
      if (report === undefined) continue;
      const rules = table.indexOf(teller.circuit.rules);
      reports.push({ ...report, rules });
      tellers.push(teller);
    }
    this.turn = first + looked;
    return { tellers, circuits: reports, rules: table.rules };
  }
}
