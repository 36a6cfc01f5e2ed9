import { defer, isObservable, throwError, type Observable } from 'rxjs';
import type { CircuitOpenException } from '../errors/circuit-open.exception.js';
import { InvalidOptionsError } from '../errors/invalid-options.error.js';
import { isPromiseLike } from '../policies/fallback.js';
import type { CallPermit } from '../state/admission.js';
import { answerKindOf } from './answer-kind.js';
import { Answering } from './answering.js';
import type { Body, Call } from './call.js';
import { LazyCallContext } from './call-context.js';
import type { AnswerKind, CallPlan } from './call-options.js';
import { PolicyPool, type PolicyDependencies } from './call-policies.js';
import { Gate, type Entry } from './gate.js';
import { ObservableWay } from './observable-way.js';
import { PromiseWay } from './promise-way.js';
import { Settlement, type PipelineHost } from './settlement.js';
import { ValueWay } from './value-way.js';

/** What a pipeline stands on. */
export type PipelineDependencies = PipelineHost & PolicyDependencies;

/**
 * The only place where a call goes through a circuit, in one order for promises,
 * plain values and Observables:
 *
 * fallback( cache( retry( rate limit( bulkhead( circuit( timeout( call )))))))
 *
 * A call whose circuit stands alone takes a short way of its own, which is that
 * order with nothing in it.
 */
export class Pipeline {
  private readonly settlement: Settlement;
  private readonly answering: Answering;
  private readonly gate: Gate;
  private readonly values: ValueWay;
  private readonly promises: PromiseWay;
  private readonly observables: ObservableWay;

  constructor(private readonly host: PipelineDependencies) {
    const settlement = new Settlement(host);
    const answering = new Answering(host, settlement);
    const gate = new Gate(host.machine, host);
    const pool = new PolicyPool(host);
    const policiesOf = (plan: CallPlan) => pool.of(plan);
    const around = { host, gate, settlement, answering, policiesOf };
    this.settlement = settlement;
    this.answering = answering;
    this.gate = gate;
    this.values = new ValueWay(around);
    this.promises = new PromiseWay(around);
    this.observables = new ObservableWay(around);
  }

  /** Whether no work of its calls is known to go on. */
  get isIdle(): boolean {
    return this.host.machine.inFlight === 0 && this.gate.isIdle;
  }

  /** Takes other rules. */
  configure(): void {
    this.gate.configure(this.host.machine.rules);
  }

  /** A promise's way. */
  execute(plan: CallPlan, body: Body, call: Call): Promise<unknown> {
    if (call.signal !== undefined) {
      return call.signal.aborted
        ? Promise.reject(call.signal.reason)
        : this.promises.run(plan, body, call);
    }
    if (plan.hasPolicies || !this.gate.isBare) {
      return this.promises.run(plan, body, call);
    }
    const permit = this.host.machine.tryAcquire();
    return permit === undefined
      ? this.answering.promise(plan, call, this.gate.circuitOpen)
      : this.run(permit, plan, body, call);
  }

  /** A plain value's way. */
  executeSync(plan: CallPlan, body: Body, call: Call): unknown {
    this.refuseWaiting(plan);
    return this.values.run(plan, body, call);
  }

  /** An Observable's way; each subscription is a call. */
  protect<T>(plan: CallPlan, source: Observable<T>, call: Call): Observable<T> {
    return this.observables.run(plan, source, call);
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
    switch (kind ?? this.presumedKind(plan, call)) {
      case 'promise':
        return this.execute(plan, body, call);
      case 'observable':
        return this.invokeObservable(plan, body, call);
      case 'value':
        return this.executeSync(plan, body, call);
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
    return this.gate.refuseByCircuit() && this.gate.circuitOpen();
  }

  /** Runs an admitted call and settles its permit. Not an async function: `then` saves a third of the cost (`bench/`, "closed"). */
  private run(
    permit: CallPermit,
    plan: CallPlan,
    body: Body,
    call: Call,
  ): Promise<unknown> {
    let answer: unknown;
    try {
      answer = body(new LazyCallContext(1, undefined));
    } catch (error) {
      return this.failed(permit, plan, error, call);
    }
    return Promise.resolve(answer).then(
      value => {
        this.settlement.succeed(permit, plan, value);
        return value;
      },
      (error: unknown) => this.failed(permit, plan, error, call),
    );
  }

  private failed(
    permit: CallPermit,
    plan: CallPlan,
    error: unknown,
    call: Call,
  ): Promise<unknown> {
    const { fallback } = this.settlement.fail(permit, error, call);
    return fallback
      ? this.answering.promise(plan, call, () => error)
      : Promise.reject(error);
  }

  private invokeObservable(plan: CallPlan, body: Body, call: Call): unknown {
    const start = () => body(new LazyCallContext(1, call.signal));
    // Refused, or admitted after all, when somebody subscribes: that is the call.
    if (!this.gate.wouldAdmit()) {
      const later = defer(start as () => Observable<unknown>);
      return this.protect(plan, later, call);
    }
    let source: unknown;
    try {
      source = start();
    } catch (error) {
      const failure = throwError(() => error);
      return this.protect(plan, failure, call);
    }
    if (isObservable(source)) return this.protect(plan, source, call);
    // Declared as an Observable, or seen as one, and now it is something else.
    const entry = this.gate.tryEnter();
    return typeof entry === 'function'
      ? source
      : this.follow(plan, body, call, entry, source);
  }

  /** Whoever waits, caches or tries again must know before the call what it answers with. */
  private presumedKind(plan: CallPlan, call: Call): AnswerKind | undefined {
    return plan.hasPolicies || !this.gate.isBare
      ? call.answers?.last
      : undefined;
  }

  private invokeUnknown(plan: CallPlan, body: Body, call: Call): unknown {
    call.signal?.throwIfAborted();
    const entry = this.gate.tryEnter();
    if (typeof entry === 'function') {
      return this.refuseAsBefore(plan, call, entry);
    }
    let value: unknown;
    try {
      value = body(new LazyCallContext(1, call.signal));
    } catch (error) {
      return this.values.fail(entry, plan, error, call);
    }
    const { answers } = call;
    if (answers !== undefined) answers.last = answerKindOf(value);
    if (isObservable(value)) {
      this.gate.withdraw(entry);
      return this.protect(plan, value, call);
    }
    return this.follow(plan, body, call, entry, value);
  }

  /** In the kind of the last answer; nobody knows better. */
  private refuseAsBefore(
    plan: CallPlan,
    call: Call,
    refusal: () => Error,
  ): unknown {
    switch (call.answers?.last) {
      case 'promise':
        return this.answering.promise(plan, call, refusal);
      case 'observable':
        return this.answering.observable(plan, call, refusal);
      default:
        return this.answering.value(plan, call, refusal);
    }
  }

  /** Settles a call by what it has returned, or will. */
  private follow(
    plan: CallPlan,
    body: Body,
    call: Call,
    entry: Entry,
    value: unknown,
  ): unknown {
    if (isPromiseLike(value)) {
      return this.promises.run(plan, body, call, { entry, answer: value });
    }
    this.values.succeed(entry, plan, value);
    this.refuseWaiting(plan);
    return value;
  }

  /** A plain value is there at once: nothing can be interrupted or waited for. */
  private refuseWaiting({ waiting }: CallPlan): void {
    if (waiting.length === 0) return;
    throw new InvalidOptionsError(
      `A call of "${this.host.name}"`,
      waiting.map(path => ({
        path,
        message:
          'cannot be had for a function that returns a plain value, because nothing else runs while it does. Make the function async, or leave the option out',
      })),
    );
  }
}
