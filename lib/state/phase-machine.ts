import { CallRecord } from './call-record.js';
import type { CircuitRules } from './circuit-options.js';
import type { Clock } from './clock.js';
import type { Coordinator, SharedState } from './coordinator.js';
import { EventEmitter } from './event-emitter.js';
import type { CircuitEvent, CircuitEventDetails } from './events.js';
import { History } from './history.js';
import { InFlightList } from './in-flight-list.js';
import { openWait } from './open-wait.js';
import { halfOpen, isForced, type Phase, type PhaseDetails } from './phase.js';
import { retryAfterOf } from './retry-after.js';
import { SharedView } from './shared-view.js';
import type { Trip } from './trip-rules.js';

/** What a state machine stands on; all of it can be replaced in tests. */
export interface StateMachineDependencies {
  readonly clock: Clock;
  /** A number from 0 to 1; draws the jitter of an opening. */
  readonly random: () => number;
  /** Told of what user code throws. */
  readonly report: (what: string, error: unknown) => void;
}

/** What callers are told when all probes are taken: places come free at any time. */
const RETRY_AFTER_FULL_MS = 1_000;

/**
 * Where a circuit stands and how it comes to stand elsewhere: transitions,
 * overrides and what is taken over from others. Each change is a generation.
 */
export abstract class PhaseMachine {
  generation = 0;
  /** Openings in a row since the circuit was last closed. */
  attempt = 0;
  phase: Phase;
  readonly record: CallRecord;
  /** The calls in flight whose time counts. */
  readonly timed: InFlightList;
  readonly history = new History();
  readonly emitter: EventEmitter;
  /** What other instances know. */
  readonly shared: SharedView;
  /** The last reading of {@link now}. */
  time: number;

  constructor(
    readonly name: string,
    readonly key: string | null,
    public rules: CircuitRules,
    protected readonly deps: StateMachineDependencies,
    coordinator?: Coordinator,
  ) {
    const { clock, report } = deps;
    this.time = clock.now();
    this.phase = { state: 'closed', since: this.time, at: clock.wallTime() };
    this.record = new CallRecord(rules.window);
    this.timed = new InFlightList(slowAfter(rules));
    this.emitter = new EventEmitter(this, clock, report);
    this.shared = new SharedView(this, report);
    if (coordinator !== undefined) this.coordinate(coordinator);
  }

  /** Monotonic milliseconds. A clock that steps back counts as no time. */
  now(): number {
    const reading = this.deps.clock.now();
    if (reading > this.time) this.time = reading;
    return this.time;
  }

  /** Milliseconds until a refused caller should come back; `null` while nobody knows. */
  retryAfter(now = this.now()): number | null {
    const { phase } = this;
    if (phase.state === 'half-open') return RETRY_AFTER_FULL_MS;
    return phase.state === 'open'
      ? Math.max(0, phase.wait - (now - phase.since))
      : null;
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
      if (state === 'closed' && shared.isOrdered) this.reset(reason);
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

  /**
   * Shares a view with other instances from now on.
   *
   * @returns what ends it
   */
  coordinate(coordinator: Coordinator): () => void {
    this.shared.join(coordinator);
    const stop = this.emitter.on(['transition'], event =>
      coordinator.transitioned(event as CircuitEvent<'transition'>),
    );
    return () => {
      stop();
      this.shared.leave(coordinator);
    };
  }

  protected open(trip: Trip, at: number, error: unknown): void {
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

  protected become(details: PhaseDetails, since: number, reason: string): void {
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

/** After how many milliseconds a call is slow. */
export function slowAfter({ slowCallDuration }: CircuitRules): number {
  return slowCallDuration === false ? Infinity : slowCallDuration;
}
