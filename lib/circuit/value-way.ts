import { AnotherKind } from './another-kind.js';
import { LazyCallContext } from './call-context.js';
import type { LazyError } from '../policies/fallback.js';
import { REFUSED, type Body, type Call, type CallState } from './call.js';
import type { CallPlan } from './call-options.js';
import { Refused, type Entry } from './gate.js';
import type { Surroundings } from './surroundings.js';

/** The way of a call that answers at once: with everything that needs no waiting. */
export class ValueWay {
  constructor(private readonly around: Surroundings) {}

  /** fallback( cache( rate limit( bulkhead( circuit( call ))))) */
  run(plan: CallPlan, body: Body, call: Call): unknown {
    call.signal?.throwIfAborted();
    const state: CallState = {};
    let error: LazyError;
    try {
      return this.cached(plan, body, call, state);
    } catch (thrown) {
      error = thrown instanceof Refused ? thrown.error : () => thrown;
    }
    if (state.verdict?.fallback !== true) throw error();
    return this.around.answering.value(plan, call, error);
  }

  /** Settles an admitted call that has returned. */
  succeed({ permit, place }: Entry, plan: CallPlan, value: unknown): void {
    place?.release();
    this.around.settlement.succeed(permit, plan, value);
  }

  /** Settles an admitted call that has thrown, and answers for it. */
  fail(
    { permit, place }: Entry,
    plan: CallPlan,
    error: unknown,
    call: Call,
  ): unknown {
    place?.release();
    const { settlement, answering } = this.around;
    const { fallback } = settlement.fail(permit, error, call);
    if (!fallback) throw error;
    return answering.value(plan, call, () => error);
  }

  private cached(
    plan: CallPlan,
    body: Body,
    call: Call,
    state: CallState,
  ): unknown {
    const { pool, settlement } = this.around;
    // Asked for only where there is one: a bare call has no policies to look up.
    const cache = plan.cache === false ? undefined : pool.of(plan).cache;
    const key = cache?.keyOf(call);
    if (cache === undefined || key === undefined) {
      return this.attempt(plan, body, call, state);
    }
    return cache.answers.runSync(key, {
      call: () => this.attempt(plan, body, call, state),
      answersFor: () => state.verdict?.fallback === true,
      isGood: () => state.returnedFailure !== true,
      hit: freshness => settlement.countCacheHit(freshness),
    });
  }

  private attempt(
    plan: CallPlan,
    body: Body,
    call: Call,
    state: CallState,
  ): unknown {
    const { gate, settlement } = this.around;
    const entry = gate.tryEnter();
    if (typeof entry === 'function') {
      state.verdict = REFUSED;
      throw new Refused(entry);
    }
    let value: unknown;
    try {
      value = body(new LazyCallContext(1, call.signal));
    } catch (error) {
      if (error instanceof AnotherKind) {
        error.entry = entry;
        throw error;
      }
      entry.place?.release();
      settlement.fail(entry.permit, error, call, state);
      throw error;
    }
    entry.place?.release();
    settlement.succeed(entry.permit, plan, value, state);
    return value;
  }
}
