import type { CallPermit } from '../state/admission.js';
import type { Classifier, Verdict } from '../state/classification.js';
import type { StateMachine } from '../state/state-machine.js';
import type { Call, CallState } from './call.js';
import type { CallPlan } from './call-options.js';

/** What a circuit lends to its pipeline. */
export interface PipelineHost {
  readonly machine: StateMachine;
  /** Changes with the rules. */
  readonly classify: Classifier;
  readonly report: (what: string, error: unknown) => void;
}

/** Tells the circuit how its calls have ended. */
export class Settlement {
  private countedTimeouts: WeakSet<object> | undefined;

  constructor(private readonly host: PipelineHost) {}

  /** The call has returned; a result can count as a failure and is returned all the same. */
  succeed(
    permit: CallPermit,
    plan: CallPlan,
    value: unknown,
    state?: CallState,
  ): void {
    if (!this.isFailure(plan, value)) {
      permit.success();
      return;
    }
    permit.failure(value);
    if (state !== undefined) state.returnedFailure = true;
  }

  /** The call has thrown. */
  fail(
    permit: CallPermit,
    error: unknown,
    call: Call,
    state?: CallState,
  ): Verdict {
    const verdict = this.host.classify(error, call);
    if (state !== undefined) state.verdict = verdict;
    this.settle(permit, error, verdict, call);
    return verdict;
  }

  /** The call has thrown what was judged already. */
  settle(
    permit: CallPermit,
    error: unknown,
    { outcome }: Verdict,
    { signal }: Call,
  ): void {
    if (outcome === 'failure') permit.failure(error);
    else if (outcome === 'success') permit.success();
    else if (signal?.aborted === true) permit.cancel();
    else permit.release();
  }

  isFailure({ isFailureResult }: CallPlan, value: unknown): boolean {
    if (isFailureResult === undefined) return false;
    try {
      return isFailureResult(value);
    } catch (error) {
      this.host.report('isFailureResult', error);
      return false;
    }
  }

  /** Counts a timeout once, also where several callers share the call that it ended. */
  countTimeout(limit: 'timeout' | 'deadline', error: unknown): void {
    if (typeof error === 'object' && error !== null) {
      this.countedTimeouts ??= new WeakSet();
      if (this.countedTimeouts.has(error)) return;
      this.countedTimeouts.add(error);
    }
    if (this.isDisabled) return;
    const { record, emitter, generation } = this.host.machine;
    record.totals.timeouts++;
    emitter.tell('timeout', { limit }, generation);
    emitter.flush();
  }

  countRetry(attempt: number, delay: number, error: unknown): void {
    if (this.isDisabled) return;
    const { record, emitter, generation } = this.host.machine;
    record.totals.retries++;
    emitter.tell('retry', { attempt, delay, error }, generation);
    emitter.flush();
  }

  countFallback(error: () => unknown): void {
    if (this.isDisabled) return;
    const { record, emitter, generation } = this.host.machine;
    record.totals.fallbacks++;
    if (!emitter.hears('fallback')) return;
    emitter.tell('fallback', { error: error() }, generation);
    emitter.flush();
  }

  countCacheHit(freshness: 'fresh' | 'stale'): void {
    if (this.isDisabled) return;
    const { record, emitter, generation } = this.host.machine;
    record.totals.cacheHits++;
    emitter.tell('cache-hit', { freshness }, generation);
    emitter.flush();
  }

  /** Then nothing is recorded. */
  private get isDisabled(): boolean {
    return this.host.machine.rules.mode === 'disabled';
  }
}
