import {
  Admission,
  type Ending,
  type CallPermit,
  type Settler,
} from './admission.js';
import { CallRecord, type CountedEnding } from './call-record.js';
import type { CircuitOptions, CircuitRules } from './circuit-options.js';
import type { Clock } from './clock.js';
import type {
  Coordinator,
  Order,
  SharedSnapshot,
  SharedState,
} from './coordinator.js';
import type { RefusalCode } from '../errors/rejection.js';
import { ProbeDeadlineError } from '../errors/probe-deadline.error.js';
import { EventEmitter } from './event-emitter.js';
import type { CircuitEvent, CircuitEventDetails } from './events.js';
import {
  HalfOpenTally,
  type Lapse,
  type ProbeVerdict,
} from './half-open-tally.js';
import { History } from './history.js';
import { InFlightList } from './in-flight-list.js';
import { openWait } from './open-wait.js';
import { retryAfterOf } from './retry-after.js';
import { findSlowTrip, findTrip, type Trip } from './trip-rules.js';

/** What a state machine stands on; all of it can be replaced in tests. */
export interface StateMachineDependencies {
  readonly clock: Clock;
  /** A number from 0 to 1; draws the jitter of an opening. */
  readonly random: () => number;
  readonly coordinator?: Coordinator | undefined;
  /** Told of what user code throws. */
  readonly report: (what: string, error: unknown) => void;
}

/** What only one state has. */
type PhaseDetails =
  | { readonly state: 'closed' }
  | { readonly state: 'open'; readonly wait: number; readonly trip: Trip }
  | { readonly state: 'half-open'; readonly tally: HalfOpenTally }
  | {
      readonly state: 'forced-open' | 'forced-closed';
      readonly reason: string;
    };

/** A state, since when (in the clock's time, and as epoch ms), and what only that state has. */
export type Phase = PhaseDetails & {
  readonly since: number;
  readonly at: number;
};

/** What callers are told when all probes are taken: places come free at any time. */
const RETRY_AFTER_FULL_MS = 1_000;

/** The permit of a call that passes without being recorded. */
const UNRECORDED: CallPermit = Object.freeze({
  generation: 0,
  isProbe: false,
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
export class StateMachine implements Settler {
  generation = 0;
  /** Openings in a row since the circuit was last closed. */
  attempt = 0;
  /** Calls that were admitted and have not ended, of every generation. */
  inFlight = 0;
  phase: Phase;
  readonly record: CallRecord;
  readonly timed: InFlightList;
  readonly history = new History();
  readonly emitter: EventEmitter;
  private time: number;
  private coordinator: Coordinator | undefined;

  constructor(
    readonly name: string,
    readonly key: string | null,
    public rules: CircuitRules,
    private readonly deps: StateMachineDependencies,
  ) {
    const { clock, coordinator, report } = deps;
    this.time = clock.now();
    this.phase = { state: 'closed', since: this.time, at: clock.wallTime() };
    this.record = new CallRecord(rules.window);
    this.timed = new InFlightList(slowAfter(rules));
    this.emitter = new EventEmitter({ name, key }, clock, error =>
      report('a listener', error),
    );
    if (coordinator !== undefined) this.coordinate(coordinator);
  }

  /**
   * Shares a view with other instances from now on.
   *
   * @returns what ends it
   */
  coordinate(coordinator: Coordinator): () => void {
    this.coordinator = coordinator;
    const stop = this.emitter.on(['transition'], event =>
      coordinator.transitioned(event as CircuitEvent<'transition'>),
    );
    return () => {
      stop();
      if (this.coordinator === coordinator) this.coordinator = undefined;
    };
  }

  /**
   * Takes over a state of the shared view. It is a transition of this circuit's
   * own, unless the circuit stands there already; then only the wait or the
   * probes begin anew.
   */
  follow(shared: SharedState): void {
    const { state, reason } = shared;
    const now = this.now();
    const { phase } = this;
    if (state === phase.state && (state === 'closed' || isForced(state))) {
      return;
    }
    this.attempt = shared.attempt;
    const details: PhaseDetails =
      shared.state === 'open'
        ? { state: 'open', wait: shared.wait, trip: { rule: 'shared', reason } }
        : shared.state === 'half-open'
          ? halfOpen()
          : shared.state === 'closed'
            ? { state: 'closed' }
            : { state: shared.state, reason };
    if (state === phase.state) {
      this.startGeneration();
      this.phase = { ...details, since: now, at: this.deps.clock.wallTime() };
    } else if (isForced(state)) {
      const action = state === 'forced-open' ? 'force-open' : 'force-closed';
      this.override(action, details, reason);
    } else if (isForced(phase.state)) {
      this.override('release', details, reason);
    } else {
      this.become(details, now, reason);
      this.emitter.flush();
    }
  }

  /** Monotonic milliseconds. A clock that steps back counts as no time. */
  now(): number {
    const reading = this.deps.clock.now();
    if (reading > this.time) this.time = reading;
    return this.time;
  }

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

  /** Milliseconds until a refused caller should come back; `null` while nobody knows. */
  retryAfter(now = this.now()): number | null {
    const { phase } = this;
    if (phase.state === 'half-open') return RETRY_AFTER_FULL_MS;
    return phase.state === 'open'
      ? Math.max(0, phase.wait - (now - phase.since))
      : null;
  }

  /** The deadline that fell due first and that nobody has noticed yet. */
  nextLapse(now: number): Lapse | undefined {
    const { phase } = this;
    if (phase.state !== 'half-open') return undefined;
    const { halfOpen } = this.rules;
    const rules = this.isJudgedElsewhere()
      ? { ...halfOpen, maxDuration: Infinity }
      : halfOpen;
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
    const duration =
      Number.isFinite(ms) && ms! >= 0
        ? ms!
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
      if (admission.generation === this.generation) this.judgeLapses(now);
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

  /** Sets or changes an override; repeating one does nothing. */
  force(state: 'forced-open' | 'forced-closed', reason: string): void {
    if (this.phase.state === state) return;
    const action = state === 'forced-open' ? 'force-open' : 'force-closed';
    this.override(action, { state, reason }, reason);
  }

  /** From forced-open to half-open, from forced-closed to closed. */
  releaseOverride(reason: string): void {
    const { state } = this.phase;
    if (state === 'forced-open') this.override('release', halfOpen(), reason);
    if (state === 'forced-closed') {
      this.override('release', { state: 'closed' }, reason);
    }
  }

  /** Closed, with a new window, whatever came before. Totals stay. */
  reset(reason: string): void {
    const { state } = this.phase;
    if (state === 'closed') {
      this.startGeneration();
      this.record.startWindow(this.rules.window);
    } else if (state === 'open' || state === 'half-open') {
      this.become({ state: 'closed' }, this.now(), reason);
      this.emitter.flush();
    } else {
      this.override('reset', { state: 'closed' }, reason);
    }
  }

  /** Tells the shared view of an order, after it was done here. */
  tellOrder(order: Omit<Order, 'state'>): void {
    this.tellCoordinator(each =>
      each.ordered?.({ ...order, state: this.phase.state }),
    );
  }

  /** Tells the shared view of options that were changed at run time. */
  tellPatch(patch: CircuitOptions): void {
    this.tellCoordinator(each => each.configured?.(patch));
  }

  /** What a snapshot tells of the shared view. */
  describeShared(): SharedSnapshot | null {
    let described: SharedSnapshot | undefined;
    this.tellCoordinator(each => void (described = each.describe?.()));
    return described ?? null;
  }

  private tellCoordinator(tell: (coordinator: Coordinator) => void): void {
    try {
      if (this.coordinator !== undefined) tell(this.coordinator);
    } catch (error) {
      this.deps.report('the coordinator', error);
    }
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
        if (!isDue || !this.mayProbe()) return undefined;
        const next = halfOpen();
        this.become(next, now, 'the wait is over');
        return this.enterProbe(now, next.tally);
      }
      case 'half-open':
        return phase.tally.hasPlace(this.rules.halfOpen) && this.mayProbe()
          ? this.enterProbe(now, phase.tally)
          : undefined;
      case 'forced-closed':
        return this.enter(now, false);
      case 'forced-open':
        return undefined;
    }
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

  private mayProbe(): boolean {
    const { coordinator } = this;
    if (coordinator === undefined) return true;
    const { name, key, generation } = this;
    try {
      return coordinator.allowsProbe({ name, key, generation });
    } catch (error) {
      this.deps.report('the coordinator', error);
      return true;
    }
  }

  /** Whether somebody else decides what the probes' results mean. */
  private isJudgedElsewhere(): boolean {
    const { coordinator } = this;
    if (coordinator?.judgesProbes === undefined) return false;
    const { name, key, generation } = this;
    try {
      return coordinator.judgesProbes({ name, key, generation });
    } catch (error) {
      this.deps.report('the coordinator', error);
      return false;
    }
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
      phase.tally.conclude(
        admission,
        ending === 'success' && !isSlow ? 'success' : 'failure',
      );
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
    if (
      phase.state === 'half-open' &&
      admission.generation === this.generation
    ) {
      phase.tally.giveBack(admission);
    }
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
    for (;;) {
      const { phase } = this;
      if (phase.state !== 'half-open') return;
      const lapse = this.nextLapse(now);
      if (lapse === undefined) return;
      if (lapse.what === 'deadline') this.expire(lapse.probe, lapse.at);
      else {
        const verdict = phase.tally.verdictSoFar(this.rules.halfOpen);
        this.endProbing(verdict, phase.tally, lapse.at, undefined);
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
    if (phase.state !== 'half-open' || this.isJudgedElsewhere()) return;
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

  private open(trip: Trip, at: number, error: unknown): void {
    const { clock, random, report } = this.deps;
    this.attempt++;
    this.record.window.age(at);
    const asked = retryAfterOf(error, clock.wallTime()) ?? 0;
    const wait = openWait(this.rules, this.attempt, asked, random, report);
    this.become({ state: 'open', wait, trip }, at, trip.reason);
  }

  private override(
    action: CircuitEventDetails['override']['action'],
    phase: PhaseDetails,
    reason: string,
  ): void {
    this.emitter.tell('override', { action, reason }, this.generation + 1);
    this.become(phase, this.now(), reason);
    this.emitter.flush();
  }

  private become(details: PhaseDetails, since: number, reason: string): void {
    const from = this.phase.state;
    const to = details.state;
    // A change that nobody noticed when it fell due happened then, not now.
    const at = this.deps.clock.wallTime() - (this.time - since);
    this.startGeneration();
    if (to === 'closed') this.attempt = 0;
    // Open keeps the window that tripped it, for whoever asks why.
    if (to !== 'open') this.record.startWindow(this.rules.window);
    this.phase = { ...details, since, at };
    this.history.addTransition({ from, to, at, reason });
    const { attempt, generation } = this;
    const retryAfter = details.state === 'open' ? details.wait : null;
    this.emitter.tell(
      'transition',
      { from, to, reason, attempt, retryAfter },
      generation,
    );
  }

  private startGeneration(): void {
    this.timed.startGeneration(++this.generation);
  }
}

function halfOpen() {
  return { state: 'half-open' as const, tally: new HalfOpenTally() };
}

function isForced(
  state: Phase['state'],
): state is 'forced-open' | 'forced-closed' {
  return state === 'forced-open' || state === 'forced-closed';
}

function slowAfter({ slowCallDuration }: CircuitRules): number {
  return slowCallDuration === false ? Infinity : slowCallDuration;
}
