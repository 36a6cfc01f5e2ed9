import type { Verdict } from '../state/classification.js';
import { AbortScope, Attempt } from '../policies/abort-scope.js';
import { isRejection } from '../errors/rejection.js';
import type { LazyError } from '../policies/fallback.js';
import { runInScope } from '../policies/run-in-scope.js';
import type { Retry } from '../policies/retry.js';
import type { CachedCall, StaleCache } from '../policies/stale-cache.js';
import { sleep } from '../policies/sleep.js';
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

interface PromiseCall {
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

/** The way of a call that answers by a promise, through every policy that its plan has. */
export class PromiseWay {
  private underWay = 0;

  constructor(private readonly around: Surroundings) {}

  /** No call is under way, not even one that waits for its next attempt. */
  get isIdle(): boolean {
    return this.underWay === 0;
  }

  /** fallback( cache( deadline( retry( attempt )))) */
  run(
    plan: CallPlan,
    body: Body,
    call: Call,
    started?: StartedAttempt,
  ): Promise<unknown> {
    const { pool } = this.around;
    const state: CallState = {};
    const policies = pool.of(plan);
    const way: PromiseCall = {
      plan,
      body,
      call,
      state,
      policies,
      started,
      deadline: undefined,
      judged: call,
    };
    let key: string | undefined;
    try {
      key = policies.cache?.keyOf(call);
    } catch (error) {
      // A mistake in the options is no failure that a fallback may answer for.
      this.settleUntaken(way);
      return Promise.reject(error);
    }
    const answered =
      policies.cache === undefined || key === undefined
        ? this.untilDeadline(way, call.signal)
        : this.throughCache(way, policies.cache.answers, key);
    // A cache or an abort has answered: the attempt that runs already still counts.
    if (started !== undefined) {
      // It may reject before it is known whether the call needs it.
      Promise.resolve(started.answer).catch(() => {});
      const settle = () => this.settleUntaken(way);
      answered.then(settle, settle);
    }
    this.underWay++;
    return answered.then(
      answer => {
        this.underWay--;
        return answer instanceof Refused
          ? this.fallBack(way, answer.error)
          : answer;
      },
      (error: unknown) => {
        this.underWay--;
        const { fallback } = this.verdictOf(way, call, error);
        if (plan.fallback === undefined || !fallback) throw error;
        return this.fallBack(way, () => error);
      },
    );
  }

  /** Or rejects with the error; at the caller's abort with its reason. */
  private fallBack(
    { plan, call }: PromiseCall,
    error: LazyError,
  ): Promise<unknown> {
    const answer = () => this.around.answering.promise(plan, call, error);
    return call.signal === undefined
      ? answer()
      : runInScope(new AbortScope(call.signal), answer, () => {});
  }

  private async throughCache(
    way: PromiseCall,
    answers: StaleCache,
    key: string,
  ): Promise<unknown> {
    const { call, state } = way;
    const cached: CachedCall<PromiseLike<unknown>> = {
      call: signal => {
        way.judged = { ...call, signal };
        return this.untilDeadline(way, signal).then(throwRefused);
      },
      answersFor: error =>
        error instanceof Refused ||
        this.verdictOf(way, way.judged, error).fallback,
      isGood: () => !hasReturnedFailure(state),
      hit: freshness => this.around.settlement.countCacheHit(freshness),
    };
    try {
      return await answers.run(key, cached, call.signal);
    } catch (error) {
      if (error instanceof Refused) return error;
      throw error;
    }
  }

  private untilDeadline(
    way: PromiseCall,
    caller: AbortSignal | undefined,
  ): Promise<unknown> {
    const { policies } = way;
    if (policies.deadline === undefined) {
      return this.withRetries(way, caller, Infinity);
    }
    return policies.deadline.run(caller, scope => {
      way.deadline = scope;
      return this.withRetries(way, scope.signal, scope.expiresAt);
    });
  }

  private withRetries(
    way: PromiseCall,
    caller: AbortSignal | undefined,
    expiresAt: number,
  ): Promise<unknown> {
    const { retry } = way.policies;
    return retry === undefined
      ? this.attempt(way, 1, caller)
      : this.retried(way, retry, caller, expiresAt);
  }

  private async retried(
    way: PromiseCall,
    retry: Retry,
    caller: AbortSignal | undefined,
    expiresAt: number,
  ): Promise<unknown> {
    const { state } = way;
    for (let number = 1; ; number++) {
      delete state.returnedFailure;
      let failure: { readonly error: unknown };
      try {
        const answer = await this.attempt(way, number, caller);
        if (!hasReturnedFailure(state)) return answer;
        failure = { error: answer };
      } catch (error) {
        if (state.verdict?.outcome !== 'failure') throw error;
        failure = { error };
      }
      const { error } = failure;
      const verdict = state.verdict;
      state.verdict = undefined;
      if (!(await this.mayRetry(retry, number, error, caller, expiresAt))) {
        state.verdict = verdict;
        if (verdict === undefined) return error;
        throw error;
      }
    }
  }

  /** Waits for the next attempt; false if there is none. */
  private async mayRetry(
    retry: Retry,
    number: number,
    error: unknown,
    caller: AbortSignal | undefined,
    expiresAt: number,
  ): Promise<boolean> {
    const { gate, host, settlement } = this.around;
    if (!gate.wouldAdmit()) return false;
    const delay = retry.delayAfter(number, error, expiresAt);
    if (delay === undefined) return false;
    settlement.countRetry(number + 1, delay, error);
    // An opening ends the wait: nobody waits for a dependency that is given rest.
    await sleep(host.clock, delay, caller, wake =>
      host.machine.emitter.on(['transition'], () => {
        if (!gate.wouldAdmit()) wake();
      }),
    );
    return gate.wouldAdmit();
  }

  /** rate limit( bulkhead( circuit( timeout( call )))) */
  private attempt(
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

  /** Settles an attempt that was running before its call began, and that the call did not need. */
  private settleUntaken({ plan, call, started }: PromiseCall): void {
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

  /** What the call's error means, whoever asks; it is judged once. */
  private verdictOf(
    { state }: PromiseCall,
    call: Call,
    error: unknown,
  ): Verdict {
    const { signal } = call;
    // Whatever it is: the timeout of a call around this one is no deadline of ours.
    if (signal?.aborted === true && error === signal.reason) return ABANDONED;
    return (state.verdict ??= this.judge(error, call));
  }

  /** An error that is no attempt's: of the deadline between two attempts. */
  private judge(error: unknown, call: Call): Verdict {
    if (isRejection(error) && error.code === 'CALL_TIMEOUT') {
      this.around.settlement.countTimeout('deadline', error);
    }
    return this.around.host.classify(error, call);
  }
}

/** To a cache a refusal is an error. */
function throwRefused(answer: unknown): unknown {
  if (answer instanceof Refused) throw answer;
  return answer;
}

/** A function, because the attempt changes what TypeScript believes to know. */
function hasReturnedFailure(state: CallState): boolean {
  return state.returnedFailure === true;
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
