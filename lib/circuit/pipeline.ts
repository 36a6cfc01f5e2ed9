import {
  catchError,
  defer,
  isObservable,
  Observable,
  takeUntil,
  tap,
  throwError,
  type MonoTypeOperatorFunction,
} from 'rxjs';
import { CircuitOpenException } from '../errors/circuit-open.exception.js';
import { withoutStack } from '../errors/without-stack.js';
import {
  isPromiseLike,
  type FallbackCall,
  type FallbackChain,
  type LazyError,
} from '../policies/fallback.js';
import type { CallPermit } from '../state/admission.js';
import type { Classifier, Verdict } from '../state/classification.js';
import type { CircuitState } from '../state/circuit-state.js';
import type { StateMachine } from '../state/state-machine.js';
import { LazyCallContext, type CallContext } from './call-context.js';
import type { AnswerKind, CallPlan } from './call-options.js';

/** One call's way in. */
export interface Call {
  readonly args?: readonly unknown[] | undefined;
  /** What fallbacks that are named by a method are called on. */
  readonly self?: unknown;
  /** The caller's signal. */
  readonly signal?: AbortSignal | undefined;
  /** Behind the interceptor, where pipes run inside the call. */
  readonly atHandler?: boolean | undefined;
  /** For a function of unknown kind: how it answered last, and so how a refusal answers. */
  readonly lastKind?: AnswerKind | undefined;
}

/** What a protected function is to the pipeline. */
export type Body<T = unknown> = (context: CallContext) => T;

/** What a circuit lends to its pipeline. */
export interface PipelineHost {
  readonly machine: StateMachine;
  /** Changes with the rules. */
  readonly classify: Classifier;
  readonly report: (what: string, error: unknown) => void;
}

const NO_ARGS: readonly unknown[] = [];

/**
 * The only place where a call goes through a circuit: one way for promises, one
 * for plain values, one for Observables, all in one order.
 */
export class Pipeline {
  constructor(private readonly host: PipelineHost) {}

  /** A promise's way. */
  execute(plan: CallPlan, body: Body, call: Call): Promise<unknown> {
    if (call.signal?.aborted === true)
      return Promise.reject(call.signal.reason);
    const permit = this.host.machine.tryAcquire();
    if (permit === undefined) return this.refuse(plan, call);
    const answer =
      plan.fallback === undefined
        ? this.run(permit, plan, body, call)
        : this.runOrFallBack(permit, plan, body, call);
    return call.signal === undefined
      ? answer
      : untilAborted(answer, permit, call.signal);
  }

  /** A plain value's way. */
  executeSync(plan: CallPlan, body: Body, call: Call): unknown {
    const permit = this.host.machine.tryAcquire();
    if (permit === undefined) return this.refuseSync(plan, call);
    let value: unknown;
    try {
      value = body(new LazyCallContext(1, call.signal));
    } catch (error) {
      return this.failSync(permit, plan, error, call);
    }
    this.succeed(permit, plan, value);
    return value;
  }

  /** An Observable's way; each subscription is a call. */
  protect<T>(plan: CallPlan, source: Observable<T>, call: Call): Observable<T> {
    return defer(() => {
      const permit = this.host.machine.tryAcquire();
      if (permit === undefined) {
        return this.fallBack$<T>(plan, this.rejection, call);
      }
      const state: CallState = {};
      const observed = source.pipe(this.observe<T>(permit, plan, call, state));
      const answered =
        plan.fallback === undefined
          ? observed
          : observed.pipe(
              catchError((error: unknown) =>
                state.verdict?.fallback === true
                  ? this.fallBack$<T>(plan, () => error, call)
                  : throwError(() => error),
              ),
            );
      return call.signal === undefined
        ? answered
        : answered.pipe(takeUntil(abortOf(call.signal)));
    });
  }

  /**
   * The way of a function whose kind of answer is not certain: decided by what it
   * returns. Its body runs once, at the call, and only if the circuit admits it.
   *
   * @param kind what is known of its answer; a refused call answers in this kind
   */
  invoke(
    plan: CallPlan,
    body: Body,
    call: Call,
    kind: AnswerKind | undefined,
  ): unknown {
    switch (kind) {
      case 'promise':
        return this.execute(plan, body, call);
      case 'value':
        return this.executeSync(plan, body, call);
      case 'observable':
        return this.invokeObservable(plan, body, call);
      default:
        return this.invokeUnknown(plan, body, call);
    }
  }

  /**
   * Refuses, before its work is prepared, a call that the circuit would refuse:
   * counts the refusal and answers with its error. Admits nothing.
   *
   * @returns `undefined` when the call would be admitted
   */
  refuseEarly(): CircuitOpenException | undefined {
    const { machine } = this.host;
    if (machine.wouldAdmit()) return undefined;
    const permit = machine.tryAcquire();
    if (permit === undefined) return this.rejection();
    // The wait ran out between the two looks.
    permit.withdraw();
    return undefined;
  }

  private invokeObservable(plan: CallPlan, body: Body, call: Call): unknown {
    const { machine } = this.host;
    const start = () => body(new LazyCallContext(1, call.signal));
    // Refused, or admitted after all, when somebody subscribes: that is the call.
    if (!machine.wouldAdmit()) {
      return this.protect(
        plan,
        defer(start as () => Observable<unknown>),
        call,
      );
    }
    let source: unknown;
    try {
      source = start();
    } catch (error) {
      return this.protect(
        plan,
        throwError(() => error),
        call,
      );
    }
    return isObservable(source) ? this.protect(plan, source, call) : source;
  }

  private invokeUnknown(plan: CallPlan, body: Body, call: Call): unknown {
    const permit = this.host.machine.tryAcquire();
    if (permit === undefined) return this.refuseAsBefore(plan, call);
    let value: unknown;
    try {
      value = body(new LazyCallContext(1, call.signal));
    } catch (error) {
      return this.failSync(permit, plan, error, call);
    }
    if (isObservable(value)) {
      permit.withdraw();
      return this.protect(plan, value, call);
    }
    if (isPromiseLike(value)) {
      const promised = value;
      return this.runOrFallBack(permit, plan, () => promised, call);
    }
    this.succeed(permit, plan, value);
    return value;
  }

  /** Runs an admitted call and settles its permit. Not an async function: `then` saves a third of the cost (`bench/`, "closed"). */
  private run(
    permit: CallPermit,
    plan: CallPlan,
    body: Body,
    call: Call,
    state?: CallState,
  ): Promise<unknown> {
    let answer: unknown;
    try {
      answer = body(new LazyCallContext(1, call.signal));
    } catch (error) {
      return Promise.reject(this.failed(permit, error, call, state));
    }
    return Promise.resolve(answer).then(
      value => {
        this.succeed(permit, plan, value);
        return value;
      },
      (error: unknown) => {
        throw this.failed(permit, error, call, state);
      },
    );
  }

  private failed(
    permit: CallPermit,
    error: unknown,
    call: Call,
    state: CallState | undefined,
  ): unknown {
    const verdict = this.fail(permit, error, call);
    if (state !== undefined) state.verdict = verdict;
    return error;
  }

  private async runOrFallBack(
    permit: CallPermit,
    plan: CallPlan,
    body: Body,
    call: Call,
  ): Promise<unknown> {
    const state: CallState = {};
    try {
      return await this.run(permit, plan, body, call, state);
    } catch (error) {
      if (plan.fallback === undefined || state.verdict?.fallback !== true) {
        throw error;
      }
      return this.fallBack(plan.fallback, () => error, call);
    }
  }

  /** Watches an admitted subscription and settles its permit. */
  private observe<T>(
    permit: CallPermit,
    plan: CallPlan,
    call: Call,
    state: CallState,
  ): MonoTypeOperatorFunction<T> {
    let hasValue = false;
    return tap<T>({
      next: value => {
        if (this.isFailure(plan, value)) permit.failure(value);
        else if (!hasValue) {
          if (plan.settleOn === 'first') permit.success();
          else permit.firstValue();
        }
        hasValue = true;
      },
      error: (error: unknown) => {
        state.verdict = this.fail(permit, error, call);
      },
      complete: () => permit.success(),
      unsubscribe: () => (hasValue ? permit.success() : permit.cancel()),
    });
  }

  private succeed(permit: CallPermit, plan: CallPlan, value: unknown): void {
    if (this.isFailure(plan, value)) permit.failure(value);
    else permit.success();
  }

  private fail(permit: CallPermit, error: unknown, call: Call): Verdict {
    const verdict = this.host.classify(error, call);
    if (verdict.outcome === 'failure') permit.failure(error);
    else if (verdict.outcome === 'success') permit.success();
    else permit.release();
    return verdict;
  }

  private failSync(
    permit: CallPermit,
    plan: CallPlan,
    error: unknown,
    call: Call,
  ): unknown {
    const verdict = this.fail(permit, error, call);
    if (plan.fallback === undefined || !verdict.fallback) throw error;
    return this.fallBackSync(plan.fallback, () => error, call);
  }

  private isFailure({ isFailureResult }: CallPlan, value: unknown): boolean {
    if (isFailureResult === undefined) return false;
    try {
      return isFailureResult(value);
    } catch (error) {
      this.host.report('isFailureResult', error);
      return false;
    }
  }

  private refuse(plan: CallPlan, call: Call): Promise<unknown> {
    if (plan.fallback !== undefined) {
      return this.fallBack(plan.fallback, this.rejection, call);
    }
    const error = this.rejection();
    // Rejected one microtask later, when somebody listens: a promise that is born
    // rejected costs three times as much (`bench/`, "open, rejected").
    return new Promise((_, reject) => {
      void SOON.then(() => reject(error));
    });
  }

  private refuseSync(plan: CallPlan, call: Call): unknown {
    if (plan.fallback === undefined) throw this.rejection();
    return this.fallBackSync(plan.fallback, this.rejection, call);
  }

  /** In the kind of the last answer; nobody knows better. */
  private refuseAsBefore(plan: CallPlan, call: Call): unknown {
    switch (call.lastKind) {
      case 'promise':
        return this.refuse(plan, call);
      case 'observable':
        return this.fallBack$(plan, this.rejection, call);
      default:
        return this.refuseSync(plan, call);
    }
  }

  private fallBack(
    fallback: FallbackChain,
    error: LazyError,
    call: Call,
  ): Promise<unknown> {
    let answer: unknown;
    try {
      answer = fallback.run(error, this.fallbackCall(call));
    } catch (thrown) {
      return Promise.reject(thrown);
    }
    if (isPromiseLike(answer)) {
      return Promise.resolve(answer).then(value => {
        this.countFallback(error);
        return value;
      });
    }
    this.countFallback(error);
    return Promise.resolve(answer);
  }

  private fallBackSync(
    fallback: FallbackChain,
    error: LazyError,
    call: Call,
  ): unknown {
    const answer = fallback.run(error, this.fallbackCall(call));
    this.countFallback(error);
    return answer;
  }

  private fallBack$<T>(
    { fallback }: CallPlan,
    error: LazyError,
    call: Call,
  ): Observable<T> {
    if (fallback === undefined) return throwError(error);
    const answers = fallback.run$(error, this.fallbackCall(call));
    let isCounted = false;
    const count = () => {
      if (!isCounted) this.countFallback(error);
      isCounted = true;
    };
    // The user's word that the fallback answers in the call's kind.
    return (answers as Observable<T>).pipe(
      tap({ next: count, complete: count }),
    );
  }

  private fallbackCall({ self, args = NO_ARGS }: Call): FallbackCall {
    return { self, args, report: this.host.report };
  }

  private countFallback(error: LazyError): void {
    const { machine } = this.host;
    machine.record.totals.fallbacks++;
    if (!machine.emitter.hears('fallback')) return;
    machine.emitter.tell('fallback', { error: error() }, machine.generation);
    machine.emitter.flush();
  }

  /** The error of a refused call. */
  private readonly rejection = (): CircuitOpenException => {
    const { machine } = this.host;
    const build = () =>
      new CircuitOpenException(
        machine.name,
        machine.retryAfter(),
        `Circuit "${machine.name}" is ${REFUSING[machine.phase.state] ?? 'open'}`,
      );
    return machine.rules.captureStack ? build() : withoutStack(build);
  };
}

const REFUSING: Partial<Record<CircuitState, string>> = {
  'half-open': 'half-open and all its probes are taken',
  'forced-open': 'forced open',
};

const SOON = Promise.resolve();

/** What became known of a call on its way. */
interface CallState {
  verdict?: Verdict;
}

/** Answers as the call does, or with the signal's reason at its abort; the permit is then given back at once. */
function untilAborted(
  answer: Promise<unknown>,
  permit: CallPermit,
  signal: AbortSignal,
): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const abort = () => {
      permit.cancel();
      // The caller's own reason, whatever it is.
      // oxlint-disable-next-line prefer-promise-reject-errors
      reject(signal.reason);
    };
    const stopListening = () => signal.removeEventListener('abort', abort);
    signal.addEventListener('abort', abort, { once: true });
    answer.finally(stopListening).then(resolve, reject);
    if (signal.aborted) abort();
  });
}

/** Errors at the abort. */
function abortOf(signal: AbortSignal): Observable<never> {
  return new Observable(subscriber => {
    const abort = () => subscriber.error(signal.reason);
    if (signal.aborted) return abort();
    signal.addEventListener('abort', abort, { once: true });
    return () => signal.removeEventListener('abort', abort);
  });
}
