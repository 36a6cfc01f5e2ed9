import type { HalfOpenTally } from '../state/half-open-tally.js';

/** What became of leases since it was last asked. */
export interface LeaseNews {
  readonly started: readonly number[];
  readonly succeeded: readonly number[];
  readonly failed: readonly number[];
  readonly returned: readonly number[];
}

/** The leases for probes that this instance holds in one generation. */
export class LeaseBook {
  /** Granted, not taken up. */
  private idle: number[] = [];
  private running: number[] = [];
  /** Probes that began before the store was lost. */
  private orphans: { readonly id: number; readonly overAt: number }[] = [];
  private started: number[] = [];
  private succeeded: number[] = [];
  private failed: number[] = [];
  private returned: number[] = [];
  private claimUntil = 0;
  private latest = 0;
  private reported = { successes: 0, failures: 0 };

  /** How many can be taken up at `now`. */
  idleAt(now: number): number {
    return now < this.claimUntil ? this.idle.length : 0;
  }

  /** Whether idle leases have to be renewed soon. */
  isStale(now: number, claimFor: number): boolean {
    return this.idle.length > 0 && this.claimUntil - now < claimFor / 2;
  }

  /**
   * Takes over what the store says that this instance holds.
   *
   * @param claimUntil by this instance's clock, counted from the sending of the
   *   request, so that it is over here before it is over at the store
   */
  hold(leases: readonly number[], claimUntil: number): void {
    const { latest } = this;
    this.idle = this.idle.filter(id => leases.includes(id));
    for (const id of leases) {
      if (id > latest) {
        this.idle.push(id);
        this.latest = Math.max(this.latest, id);
      } else if (!this.knows(id)) {
        // The store has forgotten, in a failover, that it was given back.
        this.returned.push(id);
      }
    }
    this.claimUntil = claimUntil;
  }

  /** Takes up a lease for a probe that begins now. */
  take(now: number): boolean {
    if (this.idleAt(now) === 0) return false;
    const id = this.idle.shift()!;
    this.running.push(id);
    this.started.push(id);
    return true;
  }

  /** Gives the idle leases back: another instance can use them. */
  giveBack(): void {
    this.returned.push(...this.idle);
    this.idle = [];
  }

  /**
   * The store is out of reach and the circuit decides alone: its tally begins
   * anew. What runs now is told as failed once it is surely over; the rest goes back.
   */
  lose(overAt: number): void {
    this.giveBack();
    this.orphans.push(...this.running.map(id => ({ id, overAt })));
    this.running = [];
    this.reported = { successes: 0, failures: 0 };
    this.claimUntil = 0;
  }

  /** A report was given up. Leases have names, so telling it again does no harm. */
  tellAgain({
    started = [],
    succeeded = [],
    failed = [],
    returned = [],
  }: Partial<LeaseNews>): void {
    this.started.push(...started);
    this.succeeded.push(...succeeded);
    this.failed.push(...failed);
    this.returned.push(...returned);
  }

  /**
   * What there is to report. Leases of one instance are alike, so the results of
   * its probes are given to them in the order in which they were taken up.
   */
  report(
    tally: Pick<HalfOpenTally, 'successes' | 'failures' | 'inFlight'>,
    now: number,
  ): LeaseNews {
    const { successes, failures, inFlight } = tally;
    this.succeeded.push(...this.end(successes - this.reported.successes));
    this.failed.push(...this.end(failures - this.reported.failures));
    // What has ended without a result was cancelled or ignored.
    this.returned.push(...this.end(this.running.length - inFlight));
    this.reported = { successes, failures };
    this.endOrphans(now);
    const { started, succeeded, failed, returned } = this;
    this.started = [];
    this.succeeded = [];
    this.failed = [];
    this.returned = [];
    return { started, succeeded, failed, returned };
  }

  private knows(id: number): boolean {
    const { idle, running, orphans, succeeded, failed, returned } = this;
    return (
      [idle, running, succeeded, failed, returned].some(ids =>
        ids.includes(id),
      ) || orphans.some(orphan => orphan.id === id)
    );
  }

  private endOrphans(now: number): void {
    const isOver = ({ overAt }: { overAt: number }) => now >= overAt;
    this.failed.push(...this.orphans.filter(isOver).map(({ id }) => id));
    this.orphans = this.orphans.filter(each => !isOver(each));
  }

  private end(howMany: number): number[] {
    return this.running.splice(0, Math.max(0, howMany));
  }
}
