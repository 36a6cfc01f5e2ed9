import type { Circuit } from '../circuit/circuit.js';
import type { FleetCircuitHost } from './fleet-circuit-host.js';
import type { CircuitReport } from './fleet-store.js';
import type { FleetView } from './fleet-view.js';
import { LeaseBook } from './lease-book.js';

/** What a report says of probes; `undefined` if there is nothing to say. */
type ProbeReport = Partial<CircuitReport> | undefined;

/**
 * Gets the leases for one circuit's probes. They are asked for in the background,
 * by an instance that has refused callers; no caller waits for one.
 */
export class ProbeLeases {
  private book = new LeaseBook();
  /** Callers that found no lease since it was last asked for one. */
  private refused = 0;
  private hasAsked = false;
  private rejectedBefore = 0;

  constructor(
    private readonly circuit: Circuit,
    private readonly host: FleetCircuitHost,
  ) {}

  /** Takes up a lease for a probe that begins now, if there is one. */
  take(): boolean {
    return this.book.take(this.host.now());
  }

  /** A caller was refused for want of a lease. */
  refuse(): void {
    this.refused++;
  }

  /** The fleet is in a new generation: leases of the one before are nothing. */
  restart(): void {
    this.book = new LeaseBook();
    this.refused = 0;
    this.hasAsked = false;
    this.rejectedBefore = this.circuit.totals.rejected;
  }

  /** The store is out of reach. */
  lose(): void {
    const { callDeadline } = this.circuit.rules.halfOpen;
    this.book.lose(this.host.now() + callDeadline);
    this.refused = 0;
  }

  /** Somebody needs a lease that this instance may not. */
  yield(): void {
    if (this.refused === 0) this.book.giveBack();
  }

  giveBack(): void {
    this.book.giveBack();
  }

  /** @param sentAt when the store was asked what it answers, by this instance's clock */
  hold(leases: readonly number[], sentAt: number): void {
    this.book.hold(leases, sentAt + this.host.claimFor);
  }

  /** A report was given up. */
  tellAgain(report: CircuitReport): void {
    this.book.tellAgain(report);
  }

  /** What there is to tell and to ask for. */
  collect(view: FleetView): ProbeReport {
    if (view.state === 'open') return this.askAhead(view);
    const { phase } = this.circuit.machine;
    if (view.state !== 'half-open' || phase.state !== 'half-open') {
      return undefined;
    }
    const { book, host } = this;
    const now = host.now();
    const news = book.report(phase.tally, now);
    const keep = book.isStale(now, host.claimFor);
    const told: Partial<CircuitReport> = {
      ...(news.started.length > 0 && { started: news.started }),
      ...(news.succeeded.length > 0 && { succeeded: news.succeeded }),
      ...(news.failed.length > 0 && { failed: news.failed }),
      ...(news.returned.length > 0 && { returned: news.returned }),
      ...(keep && { keep: true }),
    };
    // Who has just probed will have another caller soon.
    const isIdle = this.refused === 0 && news.started.length === 0;
    if (isIdle || book.idleAt(now) > 0) {
      return Object.keys(told).length > 0 ? told : undefined;
    }
    return { ...told, ...this.ask() };
  }

  /** Asks once the wait is over, if there were callers: the next of them is then a probe. */
  private askAhead({ dueAt }: FleetView): ProbeReport {
    if (this.host.now() < dueAt) return undefined;
    const hasCallers = this.circuit.totals.rejected > this.rejectedBefore;
    if (this.refused === 0 && (this.hasAsked || !hasCallers)) return undefined;
    return this.ask();
  }

  private ask(): Partial<CircuitReport> {
    const { refused } = this;
    const { concurrency } = this.circuit.rules.halfOpen;
    this.refused = 0;
    this.hasAsked = true;
    return {
      want: Math.min(concurrency, Math.max(1, refused)),
      ...(refused > 0 && { urgent: true }),
    };
  }
}
