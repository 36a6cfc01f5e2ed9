import { finalize, isObservable, throwError, type Observable } from 'rxjs';
import { InvalidOptionsError } from '../errors/invalid-options.error.js';
import { isPromiseLike } from '../policies/fallback.js';
import { answerKindOf } from './answer-kind.js';
import { AnotherKind } from './another-kind.js';
import type { Body, Call } from './call.js';
import { LateCallContext, LazyCallContext } from './call-context.js';
import type { AnswerKind, CallPlan } from './call-options.js';
import type { Entry, Refusal } from './gate.js';
import type { ObservableWay } from './observable-way.js';
import type { PromiseWay } from './promise-way.js';
import type { Surroundings } from './surroundings.js';
import type { ValueWay } from './value-way.js';

/** The ways of functions whose kind is known. */
export interface Ways {
  readonly values: ValueWay;
  readonly promises: PromiseWay;
  readonly observables: ObservableWay;
}

/**
 * The way of a function whose kind of answer nobody has declared: what it returns
 * decides, at each call anew. Its body runs once, at the call, and only if the
 * circuit admits it.
 */
export class UndeclaredWay {
  constructor(
    private readonly around: Surroundings,
    private readonly ways: Ways,
  ) {}

  /** Calls without waiting, and goes on by what comes back. */
  run(plan: CallPlan, body: Body, call: Call): unknown {
    call.signal?.throwIfAborted();
    const entry = this.around.gate.tryEnter();
    if (typeof entry === 'function') return this.refuse(plan, call, entry);
    const late = plan.hasPolicies ? new LateCallContext() : undefined;
    let value: unknown;
    try {
      value = body(late ?? new LazyCallContext(1, call.signal));
    } catch (error) {
      return this.fail(plan, body, call, entry, error);
    }
    note(call, value);
    return this.follow(plan, body, call, entry, value, late);
  }

  /**
   * As {@link run}, where something must be done before the call: a look into the
   * cache, a wait for a place. It is done as for the kind that came last, at first
   * as for a plain value; if another one comes back, the call goes on as that.
   */
  runAsBefore(
    plan: CallPlan,
    body: Body,
    call: Call,
    before: Exclude<AnswerKind, 'observable'> | undefined,
  ): unknown {
    return before === 'promise'
      ? this.runAsPromise(plan, body, call)
      : this.runAsValue(plan, body, call);
  }

  /** Settles a call by what it has returned, or will. */
  follow(
    plan: CallPlan,
    body: Body,
    call: Call,
    entry: Entry,
    answer: unknown,
    late?: LateCallContext,
  ): unknown {
    const { values, promises, observables } = this.ways;
    if (isObservable(answer)) {
      // Each subscription is a call; this was none.
      this.around.gate.withdraw(entry);
      return observables.run(plan, endedWith(call, answer, late), call);
    }
    if (isPromiseLike(answer)) {
      return promises.run(plan, body, call, { entry, answer, late });
    }
    values.succeed(entry, plan, answer);
    this.refuseWaiting(plan);
    return answer;
  }

  /** A plain value is there at once: nothing can be interrupted or waited for. */
  refuseWaiting({ waiting }: CallPlan): void {
    if (waiting.length === 0) return;
    throw new InvalidOptionsError(
      this.subject,
      waiting.map(path => ({
        path,
        message:
          'cannot be had for a function that returns a plain value, because nothing else runs while it does. Make the function async, or leave the option out',
      })),
    );
  }

  /** What is thrown at once comes in the kind of the last answer, too. */
  private fail(
    plan: CallPlan,
    body: Body,
    call: Call,
    entry: Entry,
    error: unknown,
  ): unknown {
    const { values, promises, observables } = this.ways;
    switch (call.answers?.last) {
      case 'promise': {
        const answer = Promise.reject(error);
        return promises.run(plan, body, call, { entry, answer });
      }
      case 'observable': {
        this.around.gate.withdraw(entry);
        const failure = throwError(() => error);
        return observables.run(plan, failure, call);
      }
      default:
        return values.fail(entry, plan, error, call);
    }
  }

  /** A plain value that comes back arrives as a promise: the caller has one already. */
  private runAsPromise(
    plan: CallPlan,
    body: Body,
    call: Call,
  ): Promise<unknown> {
    if (call.signal?.aborted === true)
      return Promise.reject(call.signal.reason);
    const watched: Body = context => {
      const answer = body(context);
      note(call, answer);
      if (isObservable(answer)) throw this.mixedKinds();
      return answer;
    };
    return this.ways.promises.run(plan, watched, call);
  }

  private runAsValue(plan: CallPlan, body: Body, call: Call): unknown {
    const late = new LateCallContext();
    let hasReturned = false;
    const watched: Body = () => {
      const answer = body(late);
      note(call, answer);
      if (answerKindOf(answer) !== 'value') throw new AnotherKind(answer);
      hasReturned = true;
      return answer;
    };
    let value: unknown;
    try {
      value = this.ways.values.run(plan, watched, call);
    } catch (error) {
      if (!(error instanceof AnotherKind)) throw error;
      return this.follow(plan, body, call, error.entry, error.answer, late);
    }
    // A cache or a fallback may have answered, and nothing is known of the function.
    if (hasReturned) this.refuseWaiting(plan);
    return value;
  }

  /** In the kind of the last answer; nobody knows better. */
  private refuse(plan: CallPlan, call: Call, refusal: Refusal): unknown {
    const { answering } = this.around;
    switch (call.answers?.last) {
      case 'promise':
        return answering.promise(plan, call, refusal);
      case 'observable':
        return answering.observable(plan, call, refusal);
      default:
        return answering.value(plan, call, refusal);
    }
  }

  private get subject(): string {
    return `A call of "${this.around.host.machine.name}"`;
  }

  private mixedKinds(): InvalidOptionsError {
    return new InvalidOptionsError(this.subject, [
      {
        path: 'returns',
        message:
          "is needed: the function has answered with a promise before and with an Observable now, and a caller who holds a promise cannot subscribe. Say `returns: 'observable'`, or make two functions of it",
      },
    ]);
  }
}

/**
 * The signal that the function was called with is aborted at its caller's abort,
 * as long as somebody subscribes. Looked at when the subscription ends, because
 * the abort has ended it before any listener of ours could be told.
 */
function endedWith<T>(
  { signal }: Call,
  answers: Observable<T>,
  late: LateCallContext | undefined,
): Observable<T> {
  if (signal === undefined || late === undefined) return answers;
  return answers.pipe(
    finalize(() => {
      if (signal.aborted) late.abort(signal.reason);
    }),
  );
}

/** The next call takes this kind for granted as long as it has not seen its own. */
function note({ answers }: Call, answer: unknown): void {
  if (answers !== undefined) answers.last = answerKindOf(answer);
}
