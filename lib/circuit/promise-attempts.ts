import { AbortScope, Attempt } from '../policies/abort-scope.js';
import { runInScope } from '../policies/run-in-scope.js';
import {
  ABANDONED,
  type Body,
  type Call,
  type CallContext,
  type CallState,
} from './call.js';
import { LazyCallContext, type LateCallContext } from './call-context.js';
import type { CallPlan } from './call-options.js';
import type { CallPolicies } from './call-policies.js';
import { Refused, type Entry, type Refusal } from './gate.js';
import type { Surroundings } from './surroundings.js';

/** An attempt that is already running when its call begins: a function's kind of answer had to be seen first. */
export interface StartedAttempt {
  readonly entry: Entry;
  readonly answer: PromiseLike<unknown>;
  /** What it was called with, if its call can end before its time. */
  readonly late?: LateCallContext | undefined;
}

/** A call that answers by a promise, on its way. */
export interface PromiseCall {
  readonly plan: CallPlan;
  readonly body: Body;
  readonly call: Call;
  readonly state: CallState;
  readonly policies: CallPolicies;
  started: StartedAttempt | undefined;
  /** The whole call's scope, where it has a deadline. */
  deadline: AbortScope | undefined;
  /** What attempts are judged by: a shared call has a signal of its own, not that of whoever began it. */
  judged: Call;
}

/** The attempts of the calls that answer by a promise. */
export class PromiseAttempts {
  constructor(private readonly around: Surroundings) {}

  /** rate limit( bulkhead( circuit( timeout( call )))) */
  run(
    way: PromiseCall,
    number: number,
    caller: AbortSignal | undefined,
  ): Promise<unknown> {
    const { started } = way;
    if (started !== undefined) {
      if (caller?.aborted === true) return Promise.reject(caller.reason);
      way.started = undefined;
      const resume: Body = context => {
        started.late?.follow(context.signal);
        return started.answer;
      };
      return this.runAdmitted(way, started.entry, number, caller, resume);
    }
    const entered = this.around.gate.enter(caller);
    return entered instanceof Promise
      ? entered.then(entry => this.runEntered(way, entry, number, caller))
      : this.runEntered(way, entered, number, caller);
  }

  /** Settles an attempt that was running before its call began, and that the call did not need. */
  settleUntaken({ plan, call, started }: PromiseCall): void {
    if (started === undefined) return;
    const { settlement } = this.around;
    const { permit, place } = started.entry;
    if (call.signal?.aborted === true) {
      permit.cancel();
      started.late?.abort(call.signal.reason);
    }
    Promise.resolve(started.answer).then(
      value => {
        place?.release();
        settlement.succeed(permit, plan, value);
      },
      (error: unknown) => {
        place?.release();
        settlement.fail(permit, error, call);
      },
    );
  }

  private runEntered(
    way: PromiseCall,
    entry: Entry | Refusal,
    number: number,
    caller: AbortSignal | undefined,
  ): Promise<unknown> {
    if (typeof entry === 'function') return Promise.resolve(new Refused(entry));
    return this.runAdmitted(way, entry, number, caller, way.body);
  }

  private runAdmitted(
    way: PromiseCall,
    entry: Entry,
    number: number,
    caller: AbortSignal | undefined,
    body: Body,
  ): Promise<unknown> {
    const { plan, judged, state, policies } = way;
    const { gate, settlement } = this.around;
    const { permit, place } = entry;
    const { timeout } = policies;
    // Whoever goes between the admission and the call has made none.
    if (caller?.aborted === true) {
      gate.withdraw(entry);
      return Promise.reject(caller.reason);
    }
    const scope =
      timeout === undefined && caller === undefined
        ? undefined
        : new AdmittedAttempt(number, caller, (reason, how) =>
            this.endEarly(way, entry, reason, how),
          );
    const context: CallContext =
      scope ?? new LazyCallContext(number, undefined);
    // A call that was refused earns no retry for others.
    if (number === 1) policies.retry?.begin();
    // Free when the work has ended and the circuit knows how: whoever waits for the
    // place asks it then.
    let awaited = 2;
    const leave = () => {
      if (--awaited === 0) place?.release();
    };
    const start = () => body(context);
    let running: Promise<unknown>;
    if (timeout !== undefined && scope !== undefined) {
      running = timeout.run(scope, start, {
        ended: leave,
        now: permit.startedAt,
      });
    } else {
      running = runInScope(scope, start, leave);
    }
    return running.then(
      value => {
        settlement.succeed(permit, plan, value, state);
        leave();
        return value;
      },
      (error: unknown) => {
        // One that was ended early has been settled then.
        if (scope === undefined || scope.state === 'settled') {
          settlement.fail(permit, error, judged, state);
        }
        leave();
        throw error;
      },
    );
  }

  /** At the timeout, at the call's deadline, or at the caller's abort: the permit is given back at once. */
  private endEarly(
    { judged, state, deadline }: PromiseCall,
    { permit }: Entry,
    reason: unknown,
    how: EarlyEnd,
  ): void {
    const { settlement } = this.around;
    // Not the caller's own signal: those who share the call may have others.
    const isOverdue = how === 'timed-out' || deadline?.state === 'timed-out';
    if (!isOverdue) {
      permit.cancel();
      state.verdict = ABANDONED;
      return;
    }
    const limit = how === 'timed-out' ? 'timeout' : 'deadline';
    settlement.countTimeout(limit, reason);
    settlement.fail(permit, reason, judged, state);
  }
}

type EarlyEnd = 'timed-out' | 'aborted';

/** An attempt that tells at once when it is ended before its time. */
class AdmittedAttempt extends Attempt {
  private isEnding = false;

  constructor(
    number: number,
    caller: AbortSignal | undefined,
    private readonly endEarly: (reason: unknown, how: EarlyEnd) => void,
  ) {
    super(number, caller);
  }

  override abort(reason: unknown, how: EarlyEnd = 'aborted'): void {
    // Whoever is told of a timeout may abort the call: that comes too late.
    if (this.isEnding) return;
    this.isEnding = true;
    this.endEarly(reason, how);
    super.abort(reason, how);
  }
}
