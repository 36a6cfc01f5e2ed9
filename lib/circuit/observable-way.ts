import {
  catchError,
  concat,
  defer,
  EMPTY,
  finalize,
  from,
  Observable,
  of,
  retry as resubscribe,
  switchMap,
  takeUntil,
  tap,
  throwError,
  type MonoTypeOperatorFunction,
  type Subscriber,
} from 'rxjs';
import { AbortScope } from '../policies/abort-scope.js';
import { endWithScope } from '../policies/end-with-scope.js';
import { listenForAbort } from '../policies/listen-for-abort.js';
import type { CachedCall } from '../policies/stale-cache.js';
import type { Retry } from '../policies/retry.js';
import { sleep$ } from '../policies/sleep.js';
import type { Verdict } from '../state/classification.js';
import { ABANDONED, REFUSED, type Call, type CallState } from './call.js';
import type { CallPlan } from './call-options.js';
import type { CallPolicies } from './call-policies.js';
import type { Entry, Refusal } from './gate.js';
import type { Surroundings } from './surroundings.js';
import { toItsOwnEnd } from './to-its-own-end.js';

interface StreamState extends CallState {
  hasValue?: boolean;
  /** Its first attempt was admitted. */
  isBegun?: boolean;
  /** The whole call's scope, where it has a deadline. */
  deadline?: AbortScope;
}

interface ObservableCall<T> {
  readonly plan: CallPlan;
  readonly source: Observable<T>;
  readonly call: Call;
  readonly state: StreamState;
  readonly policies: CallPolicies;
}

const NO_POLICIES: CallPolicies = {
  timeout: undefined,
  deadline: undefined,
  retry: undefined,
  cache: undefined,
};

/** The way of an Observable, through every policy that its plan has; each subscription is a call. */
export class ObservableWay {
  private waiting = 0;

  constructor(private readonly around: Surroundings) {}

  /** No call waits for its next attempt or for a cache. */
  get isIdle(): boolean {
    return this.waiting === 0;
  }

  /** fallback( cache( deadline( retry( attempt )))) */
  run<T>(plan: CallPlan, source: Observable<T>, call: Call): Observable<T> {
    return new Observable(subscriber => {
      const now = call.pipeline?.();
      const answers =
        now !== undefined && now.observables !== this
          ? now.observables.run(plan, source, call)
          : this.answers(plan, source, call, subscriber);
      return answers.subscribe(subscriber);
    });
  }

  private answers<T>(
    plan: CallPlan,
    source: Observable<T>,
    call: Call,
    subscriber: Subscriber<T>,
  ): Observable<T> {
    const { gate, pool } = this.around;
    const state: StreamState = {};
    // The same order with nothing else in it, for half the cost (`bench/`, "operator").
    const isShort =
      !plan.hasPolicies && call.signal === undefined && gate.isBare;
    const policies = isShort ? NO_POLICIES : pool.of(plan);
    const way = { plan, source, call, state, policies };
    const answers = isShort
      ? this.runEntered(way, gate.tryEnter(), subscriber)
      : this.cached(way);
    if (isShort && plan.fallback === undefined) return answers;
    return answers.pipe(
      catchError((error: unknown) =>
        this.verdictOf(way, error).fallback && plan.fallback !== undefined
          ? this.fallBack<T>(way, error)
          : throwError(() => error),
      ),
    );
  }

  private fallBack<T>(
    { plan, call }: ObservableCall<T>,
    error: unknown,
  ): Observable<T> {
    const { answering } = this.around;
    // Not even begun where the caller has gone meanwhile.
    return defer(() => {
      call.fallsBack?.();
      return answering.observable<T>(plan, call, () => error);
    }).pipe(endWithScope(new AbortScope(call.signal)));
  }

  private cached<T>(way: ObservableCall<T>): Observable<T> {
    const { call, state, policies } = way;
    const { cache } = policies;
    // Those who share a call are judged by its signal, not by that of whoever began it.
    let inner = way;
    const key = cache?.keyOf(call);
    if (cache === undefined || key === undefined) {
      return this.untilDeadline(way, call.signal);
    }
    const cached: CachedCall<Observable<T>> = {
      call: signal => {
        inner = { ...way, call: { ...call, signal } };
        return this.untilDeadline(inner, signal);
      },
      answersFor: error => this.verdictOf(inner, error).fallback,
      isGood: () => state.returnedFailure !== true,
      hit: freshness => this.around.settlement.countCacheHit(freshness),
    };
    return defer(() => {
      this.waiting++;
      return cache.answers.observe(key, cached, call.signal);
    }).pipe(finalize(() => this.waiting--));
  }

  private untilDeadline<T>(
    way: ObservableCall<T>,
    caller: AbortSignal | undefined,
  ): Observable<T> {
    const { deadline } = way.policies;
    if (deadline === undefined) {
      return this.withRetries(way, caller, Infinity);
    }
    return deadline.observe(caller, scope => {
      way.state.deadline = scope;
      return this.withRetries(way, caller, scope.expiresAt);
    });
  }

  private withRetries<T>(
    way: ObservableCall<T>,
    caller: AbortSignal | undefined,
    expiresAt: number,
  ): Observable<T> {
    const { policies } = way;
    const { retry } = policies;
    const attempt = new Observable<T>(subscriber =>
      this.attempt(way, caller, subscriber).subscribe(subscriber),
    );
    const answers =
      caller === undefined ? attempt : attempt.pipe(takeUntil(abortOf(caller)));
    if (retry === undefined) return answers;
    return answers.pipe(
      resubscribe({
        delay: (error: unknown, number) =>
          this.mayRetry(way, retry, number, error, caller, expiresAt),
      }),
    );
  }

  /** Waits for the next attempt; the error again if there is none. */
  private mayRetry<T>(
    { state }: ObservableCall<T>,
    retry: Retry,
    number: number,
    error: unknown,
    caller: AbortSignal | undefined,
    expiresAt: number,
  ): Observable<unknown> {
    const { gate, host, settlement } = this.around;
    const giveUp = throwError(() => error);
    // What has been sent cannot be taken back.
    const isFinal = state.verdict?.outcome !== 'failure' || state.hasValue;
    if (isFinal || !gate.wouldAdmit()) return giveUp;
    const delay = retry.delayAfter(number, error, expiresAt);
    if (delay === undefined) return giveUp;
    settlement.countRetry(number + 1, delay, error);
    state.verdict = undefined;
    const wait = defer(() => {
      this.waiting++;
      return sleep$(host.clock, delay, caller, wake =>
        host.machine.emitter.on(['transition'], () => {
          if (!gate.wouldAdmit()) wake();
        }),
      );
    }).pipe(finalize(() => this.waiting--));
    // An opening ends the wait: nobody waits for a dependency that is given rest.
    const next = defer(() => (gate.wouldAdmit() ? of(null) : giveUp));
    return concat(wait, next);
  }

  /** rate limit( bulkhead( circuit( timeout( source )))) */
  private attempt<T>(
    way: ObservableCall<T>,
    caller: AbortSignal | undefined,
    subscriber: Subscriber<T>,
  ): Observable<T> {
    const { gate } = this.around;
    // Whoever unsubscribes leaves the queue.
    if (gate.isBare) return this.runEntered(way, gate.tryEnter(), subscriber);
    const waiting = new AbortScope(caller);
    const entered = gate.enter(waiting.signal);
    if (!(entered instanceof Promise)) {
      waiting.settle();
      return this.runEntered(way, entered, subscriber);
    }
    let isTaken = false;
    return from(entered).pipe(
      switchMap(entry => {
        isTaken = true;
        waiting.settle();
        return this.runEntered(way, entry, subscriber);
      }),
      finalize(() => {
        if (isTaken) return;
        waiting.abandon();
        // It may have been our turn in this very instant.
        entered.then(
          entry => {
            if (typeof entry !== 'function') gate.withdraw(entry);
          },
          () => {},
        );
      }),
    );
  }

  private runEntered<T>(
    { plan, source, call, state, policies }: ObservableCall<T>,
    entry: Entry | Refusal,
    subscriber: Subscriber<T>,
  ): Observable<T> {
    if (typeof entry === 'function') {
      state.verdict = REFUSED;
      return throwError(entry);
    }
    // A listener that heard of the admission has unsubscribed: nothing begins.
    if (subscriber.closed) {
      this.around.gate.withdraw(entry);
      return EMPTY;
    }
    const { timeout } = policies;
    // A call that was refused earns no retry for others.
    if (!state.isBegun) policies.retry?.begin();
    state.isBegun = true;
    if (call.runsOn === true && entry.place !== undefined) {
      const { permit, place, passedLimit } = entry;
      source = toItsOwnEnd(source, () => place.release());
      entry = { permit, place: undefined, passedLimit };
    }
    const { place } = entry;
    // The caller's abort unsubscribes.
    const scope = timeout && new AbortScope(undefined);
    const inTime = scope ? timeout.observe(scope, source) : source;
    const observed = inTime.pipe(
      this.observe<T>(entry, plan, call, state, scope),
    );
    return place === undefined
      ? observed
      : observed.pipe(finalize(() => place.release()));
  }

  /** Watches an admitted subscription and settles its permit. */
  private observe<T>(
    { permit, place }: Entry,
    plan: CallPlan,
    call: Call,
    state: StreamState,
    attempt: AbortScope | undefined,
  ): MonoTypeOperatorFunction<T> {
    const { settlement } = this.around;
    let hasValue = false;
    return tap<T>({
      next: value => {
        if (settlement.isFailure(plan, value)) {
          permit.failure(value);
          state.returnedFailure = true;
        } else if (plan.settleOn === 'first') permit.success();
        else permit.firstValue();
        hasValue = state.hasValue = true;
      },
      error: (error: unknown) => {
        place?.release();
        if (attempt?.state === 'timed-out') {
          settlement.countTimeout('timeout', error);
        }
        if (isAbortOf(call, error)) permit.cancel();
        else settlement.fail(permit, error, call, state);
      },
      complete: () => {
        place?.release();
        permit.success();
      },
      unsubscribe: () => {
        if (hasValue) permit.success();
        else if (state.deadline?.state === 'timed-out') {
          const { reason } = state.deadline.signal;
          // Whoever waits may have been told of it, and what it means, before.
          const verdict = this.verdictOf({ call, state }, reason);
          settlement.settle(permit, reason, verdict, call);
        } else permit.cancel();
      },
    });
  }

  /** What the call's error means; it is judged once, and the caller's own abort by no rule. */
  private verdictOf<T>(
    { call, state }: Pick<ObservableCall<T>, 'call' | 'state'>,
    error: unknown,
  ): Verdict {
    if (isAbortOf(call, error)) return ABANDONED;
    return (state.verdict ??= this.judge(error, call, state));
  }

  /** An error that is no attempt's: the deadline's, also between two of them. */
  private judge(error: unknown, call: Call, state: StreamState): Verdict {
    const { settlement, host } = this.around;
    if (state.deadline?.state === 'timed-out') {
      settlement.countTimeout('deadline', state.deadline.signal.reason);
    }
    return host.classify(error, call);
  }
}

function isAbortOf({ signal }: Call, error: unknown): boolean {
  return signal?.aborted === true && error === signal.reason;
}

/** Errors at the abort. */
function abortOf(signal: AbortSignal): Observable<never> {
  return new Observable(subscriber => {
    const abort = () => subscriber.error(signal.reason);
    if (signal.aborted) return abort();
    listenForAbort(signal, abort);
    return () => signal.removeEventListener('abort', abort);
  });
}
