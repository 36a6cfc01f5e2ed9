import { ProbeDeadlineError } from '../errors/probe-deadline.error.js';
import type { RefusalCode } from '../errors/rejection.js';
import {
  Admission,
  type CallPermit,
  type Ending,
  type Settler,
} from './admission.js';
import type { CountedEnding } from './call-record.js';
import type { CircuitRules } from './circuit-options.js';
import type { HalfOpenTally, Lapse, ProbeVerdict } from './half-open-tally.js';
import { PhaseMachine, slowAfter } from './phase-machine.js';
import { halfOpen } from './phase.js';
import { findSlowTrip, findTrip, type Trip } from './trip-rules.js';

/** The permit of a call that passes without being recorded. */
export const UNRECORDED: CallPermit = Object.freeze({
  generation: 0,
  isProbe: false,
  startedAt: undefined,
  success() {},
  failure() {},
  release() {},
  cancel() {},
  firstValue() {},
  withdraw() {},
});

/**
 * Decides whether a call is admitted and what its end means. Starts no timer and
 * does no I/O: everything happens at admissions and at outcomes.
 */
export class StateMachine extends PhaseMachine implements Settler {
  /** Calls that were admitted and have not ended, of every generation. */
  inFlight = 0;

  /** Admits a call, or counts and tells its rejection. */
  tryAcquire(): CallPermit | undefined {
    const { mode } = this.rules;
    if (mode === 'disabled') return UNRECORDED;
    const now = this.now();
    let permit: CallPermit | undefined = this.admit(now);
    if (permit === undefined) {
      if (mode === 'shadow') permit = this.passInShadow();
      else this.refuse(now);
    }
    this.emitter.flush();
    return permit;
  }

  /**
   * The first step of an admission alone: notices what is overdue, says whether
   * {@link tryAcquire} would give a permit now, and takes none. Asks no coordinator.
   */
  wouldAdmit(): boolean {
    if (this.rules.mode !== 'enforced') return true;
    const now = this.now();
    this.judgeProbes(now);
    this.emitter.flush();
    const { phase } = this;
    switch (phase.state) {
      case 'closed':
        return this.findHangingTrip(now) === undefined;
      case 'open':
        return now - phase.since >= phase.wait;
      case 'half-open':
        return phase.tally.hasPlace(this.rules.halfOpen);
      default:
        return phase.state === 'forced-closed';
    }
  }

  /** The deadline that fell due first and that nobody has noticed yet. */
  nextLapse(now: number): Lapse | undefined {
    const { phase } = this;
    if (phase.state !== 'half-open') return undefined;
    const own = this.rules.halfOpen;
    const rules = this.shared.judgesProbes()
      ? { ...own, maxDuration: Infinity }
      : own;
    return phase.tally.nextLapse(rules, phase.since, now);
  }

  /** Ends an admitted call. What comes after the first end, or after an expired deadline, changes nothing. */
  settle(
    admission: Admission,
    ending: Ending,
    ms?: number,
    error?: unknown,
  ): void {
    if (admission.isSettled) return;
    const now = this.now();
    const duration = isDuration(ms)
      ? ms
      : (admission.firstValueAt ?? now) - admission.startedAt;
    const isSlow = duration > slowAfter(this.rules);
    if (this.rules.mode === 'disabled') {
      this.giveBack(admission);
    } else if (ending === 'ignored' || (ending === 'cancelled' && !isSlow)) {
      this.giveBack(admission);
      this.record.count('ignored', false);
      this.emitter.tell('ignored', {}, admission.generation, duration);
    } else {
      // A deadline that nobody had noticed wins over a late outcome. Outcomes of
      // older generations change nothing, so they notice none.
      if (admission.isProbe && admission.generation === this.generation) {
        this.judgeLapses(now);
      }
      if (!admission.isSettled) {
        this.conclude(admission, ending, now, duration, isSlow, error);
      }
    }
    this.emitter.flush();
  }

  /** A stream has sent its first value: a probe has succeeded, another call is no longer timed. */
  firstValue(admission: Admission): void {
    if (admission.isSettled || admission.firstValueAt !== undefined) return;
    if (admission.isProbe) return admission.success();
    this.timed.leave(admission);
    admission.firstValueAt = this.now();
  }

  /** Undoes an admission: nothing is counted. */
  withdraw(admission: Admission): void {
    if (!admission.isSettled) this.giveBack(admission);
  }

  /** Counts and tells the refusal of a limit that stands before the circuit. */
  countRefusal(code: RefusalCode, retryAfter: number | null): void {
    this.record.totals.rejected++;
    const { state } = this.phase;
    this.emitter.tell('rejected', { code, state, retryAfter }, this.generation);
    this.emitter.flush();
  }

  /** Counts and tells what would have been a refusal. */
  countWouldReject(): void {
    this.record.totals.wouldReject++;
    const { state } = this.phase;
    this.emitter.tell('would-reject', { state }, this.generation);
    this.emitter.flush();
  }

  /** Takes other rules. State, window and counters stay unless the window is of another type or size. */
  configure(rules: CircuitRules): void {
    this.rules = rules;
    this.timed.setSlowAfter(slowAfter(rules), this.now());
    this.record.adopt(rules.window);
    this.emitter.tell('configured', {}, this.generation);
    this.emitter.flush();
  }

  private admit(now: number): Admission | undefined {
    this.judgeProbes(now);
    const { phase } = this;
    switch (phase.state) {
      case 'closed': {
        const trip = this.findHangingTrip(now);
        if (trip === undefined) return this.enter(now, false);
        // The admission that finds the trip is itself refused.
        this.open(trip, now, undefined);
        return undefined;
      }
      case 'open': {
        const isDue = now - phase.since >= phase.wait;
        if (!isDue || !this.shared.allowsProbe()) return undefined;
        const next = halfOpen();
        this.become(next, now, 'the wait is over');
        return this.enterProbe(now, next.tally);
      }
      case 'half-open':
        return phase.tally.hasPlace(this.rules.halfOpen) &&
          this.shared.allowsProbe()
          ? this.enterProbe(now, phase.tally)
          : undefined;
      case 'forced-closed':
        return this.enter(now, false);
    }
    return undefined;
  }

  private enter(now: number, isProbe: boolean): Admission {
    const admission = new Admission(this, now, this.generation, isProbe);
    this.inFlight++;
    this.timed.enter(admission);
    return admission;
  }

  private enterProbe(now: number, tally: HalfOpenTally): Admission {
    const probe = this.enter(now, true);
    tally.enter(probe);
    return probe;
  }

  private refuse(now: number): void {
    this.record.totals.rejected++;
    if (!this.emitter.hears('rejected')) return;
    const { state } = this.phase;
    const retryAfter = this.retryAfter(now);
    const code = 'CIRCUIT_OPEN';
    this.emitter.tell('rejected', { code, state, retryAfter }, this.generation);
  }

  private passInShadow(): CallPermit {
    this.countWouldReject();
    return UNRECORDED;
  }

  private conclude(
    admission: Admission,
    ending: CountedEnding,
    now: number,
    duration: number,
    isSlow: boolean,
    error: unknown,
  ): void {
    this.leave(admission);
    this.record.count(ending, isSlow);
    this.tellEnding(admission, ending, duration, isSlow, error);
    if (admission.generation !== this.generation) {
      this.record.countLate(ending, isSlow);
      return;
    }
    const { phase, record } = this;
    record.latency.record(now, duration);
    if (ending === 'failure') {
      this.history.addFailure(error, this.deps.clock.wallTime());
    }
    if (phase.state === 'closed') {
      record.record(now, ending, isSlow);
      this.judgeWindow(now, error);
    } else if (phase.state === 'half-open') {
      record.record(now, ending, isSlow);
      if (ending === 'success' && !isSlow) phase.tally.succeed(admission);
      else phase.tally.fail(admission);
      this.judgeTally(now, error);
    }
  }

  private tellEnding(
    { generation }: Admission,
    ending: CountedEnding,
    duration: number,
    isSlow: boolean,
    error: unknown,
  ): void {
    const { emitter } = this;
    if (emitter.interest === 0) return;
    if (ending === 'failure') {
      emitter.tell('failure', { error }, generation, duration);
    } else {
      const type = ending === 'success' ? 'success' : 'ignored';
      emitter.tell(type, {}, generation, duration);
    }
    if (isSlow) emitter.tell('slow', {}, generation, duration);
  }

  /** The call no longer runs as far as the circuit is concerned; a probe's place is free again. */
  private giveBack(admission: Admission): void {
    this.leave(admission);
    const { phase } = this;
    // A probe of an older generation has no place there.
    if (phase.state === 'half-open') phase.tally.giveBack(admission);
  }

  private leave(admission: Admission): void {
    admission.isSettled = true;
    this.inFlight--;
    if (admission.firstValueAt === undefined) this.timed.leave(admission);
  }

  private judgeWindow(now: number, error: unknown): void {
    const { window, streak } = this.record;
    this.timed.advance(now);
    const inFlightSlow = this.timed.judgedSlow;
    // Nothing failed and nothing is slow: no rule can trip.
    if (window.failures === 0 && window.slow === 0 && inFlightSlow === 0) {
      return;
    }
    const trip = findTrip(this.rules, { window, streak, inFlightSlow });
    if (trip !== undefined) this.open(trip, now, error);
  }

  /** The rule on slow calls, if calls of this generation hang. */
  private findHangingTrip(now: number): Trip | undefined {
    this.timed.advance(now);
    const inFlightSlow = this.timed.judgedSlow;
    if (inFlightSlow === 0) return undefined;
    const { window } = this.record;
    window.age(now);
    return findSlowTrip(this.rules, { window, inFlightSlow });
  }

  private judgeProbes(now: number): void {
    if (this.phase.state !== 'half-open') return;
    this.judgeLapses(now);
    // New rules may have made the verdict certain.
    this.judgeTally(now, undefined);
  }

  /** Notices the deadlines that have passed, in the order in which they fell due. */
  private judgeLapses(now: number): void {
    let lapse: Lapse | undefined;
    while ((lapse = this.nextLapse(now)) !== undefined) {
      if (lapse.what === 'deadline') this.expire(lapse.probe, lapse.at);
      else {
        const { tally, at } = lapse;
        const verdict = tally.verdictSoFar(this.rules.halfOpen);
        this.endProbing(verdict, tally, at, undefined);
      }
    }
  }

  /** A probe past its deadline is one failure, at the instant of the deadline. */
  private expire(probe: Admission, at: number): void {
    const duration = at - probe.startedAt;
    const error = new ProbeDeadlineError(this.name, duration);
    this.conclude(probe, 'failure', at, duration, false, error);
  }

  private judgeTally(now: number, error: unknown): void {
    const { phase } = this;
    if (phase.state !== 'half-open' || this.shared.judgesProbes()) return;
    const { tally, since } = phase;
    const verdict = tally.verdict(this.rules.halfOpen, now - since);
    this.endProbing(verdict, tally, now, error);
  }

  private endProbing(
    verdict: ProbeVerdict,
    { successes, failures, results }: HalfOpenTally,
    at: number,
    error: unknown,
  ): void {
    if (verdict === 'closes') {
      const reason = `${successes} of ${results} probes succeeded`;
      this.become({ state: 'closed' }, at, reason);
    } else if (verdict === 'opens') {
      const reason = `${failures} of ${results} probes failed or were slow`;
      this.open({ rule: 'halfOpen', reason }, at, error);
    }
  }
}

function isDuration(ms: number | undefined): ms is number {
  return Number.isFinite(ms) && ms! >= 0;
}
