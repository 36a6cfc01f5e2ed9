import { isRejection } from '../errors/rejection.js';
import { AbortScope } from '../policies/abort-scope.js';
import type { LazyError } from '../policies/fallback.js';
import type { Retry } from '../policies/retry.js';
import { runInScope } from '../policies/run-in-scope.js';
import { sleep } from '../policies/sleep.js';
import type { CachedCall, StaleCache } from '../policies/stale-cache.js';
import type { Verdict } from '../state/classification.js';
import { ABANDONED, type Body, type Call, type CallState } from './call.js';
import type { CallPlan } from './call-options.js';
import { Refused } from './gate.js';
import {
  PromiseAttempts,
  type PromiseCall,
  type StartedAttempt,
} from './promise-attempts.js';
import type { Surroundings } from './surroundings.js';

/** The way of a call that answers by a promise, through every policy that its plan has. */
export class PromiseWay {
  private underWay = 0;
  private readonly attempts: PromiseAttempts;

  constructor(private readonly around: Surroundings) {
    this.attempts = new PromiseAttempts(around);
  }

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
      this.attempts.settleUntaken(way);
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
      const settle = () => this.attempts.settleUntaken(way);
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
      ? this.attempts.run(way, 1, caller)
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
        const answer = await this.attempts.run(way, number, caller);
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
