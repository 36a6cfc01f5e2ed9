import type { Admission } from './admission.js';
import type { CircuitRules } from './circuit-options.js';
import { permille } from './trip-rules.js';

/** What the probes' results say so far. */
export type ProbeVerdict = 'closes' | 'opens' | 'undecided';

/** What fell due in half-open, and when. */
export type Lapse =
  | {
      readonly what: 'deadline';
      readonly at: number;
      readonly probe: Admission;
    }
  | {
      readonly what: 'maxDuration';
      readonly at: number;
      readonly tally: HalfOpenTally;
    };

/** The probes of one half-open generation. Its counts are its own, whatever the window's size. */
export class HalfOpenTally {
  /** Probes that hold or have used up one of the `calls` places. */
  admitted = 0;
  successes = 0;
  /** Failed, slow and overdue probes. */
  failures = 0;
  /** The probes that have not ended, oldest first. */
  private readonly running = new Set<Admission>();

  get inFlight(): number {
    return this.running.size;
  }

  get results(): number {
    return this.successes + this.failures;
  }

  /** Whether another probe fits under both caps. */
  hasPlace({ calls, concurrency }: CircuitRules['halfOpen']): boolean {
    return this.admitted < calls && this.running.size < concurrency;
  }

  enter(probe: Admission): void {
    this.admitted++;
    this.running.add(probe);
  }

  /** A neutral end: the place is free again. */
  giveBack(probe: Admission): void {
    if (this.running.delete(probe)) this.admitted--;
  }

  succeed(probe: Admission): void {
    this.running.delete(probe);
    this.successes++;
  }

  fail(probe: Admission): void {
    this.running.delete(probe);
    this.failures++;
  }

  /**
   * What fell due first and is past at `now`: the deadline of the oldest probe,
   * or `maxDuration` once there are results to judge.
   */
  nextLapse(
    { callDeadline, maxDuration }: CircuitRules['halfOpen'],
    since: number,
    now: number,
  ): Lapse | undefined {
    const [probe] = this.running;
    const overdue =
      probe !== undefined && now - probe.startedAt > callDeadline
        ? {
            what: 'deadline' as const,
            at: probe.startedAt + callDeadline,
            probe,
          }
        : undefined;
    const over =
      this.results > 0 && now - since > maxDuration
        ? { what: 'maxDuration' as const, at: since + maxDuration, tally: this }
        : undefined;
    if (overdue === undefined || over === undefined) return overdue ?? over;
    return overdue.at <= over.at ? overdue : over;
  }

  /**
   * The verdict as soon as it is certain, because the probes still to come cannot
   * change it; past `maxDuration`, the verdict on the results so far.
   */
  verdict(rules: CircuitRules['halfOpen'], elapsed: number): ProbeVerdict {
    if (elapsed > rules.maxDuration) return this.verdictSoFar(rules);
    const { calls, successRateThreshold } = rules;
    const needed = permille(successRateThreshold) * calls;
    const remaining = Math.max(0, calls - this.results);
    if (this.successes * 1000 >= needed) return 'closes';
    return (this.successes + remaining) * 1000 < needed ? 'opens' : 'undecided';
  }

  /** The verdict on the results so far, by the same threshold. */
  verdictSoFar({
    successRateThreshold,
  }: CircuitRules['halfOpen']): ProbeVerdict {
    if (this.results === 0) return 'undecided';
    return this.successes * 1000 >=
      permille(successRateThreshold) * this.results
      ? 'closes'
      : 'opens';
  }
}
