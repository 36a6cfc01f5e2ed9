import { defer, isObservable, throwError, type Observable } from 'rxjs';
import type { CircuitOpenException } from '../errors/circuit-open.exception.js';
import type { CircuitRules } from '../state/circuit-options.js';
import { answerKindOf } from './answer-kind.js';
import { Answering } from './answering.js';
import type { Body, Call } from './call.js';
import { LazyCallContext } from './call-context.js';
import type { AnswerKind, CallPlan } from './call-options.js';
import { PolicyPool, type PolicyDependencies } from './call-policies.js';
import { Gate } from './gate.js';
import { ObservableWay } from './observable-way.js';
import { PromiseWay } from './promise-way.js';
import { Settlement, type PipelineHost } from './settlement.js';
import { UndeclaredWay, type Ways } from './undeclared-way.js';
import { ShortWay } from './short-way.js';
import type { Surroundings } from './surroundings.js';
import { ValueWay } from './value-way.js';

/** What a pipeline stands on. */
export type PipelineDependencies = PipelineHost & PolicyDependencies;

/**
 * The only place where a call goes through a circuit, in one order for promises,
 * plain values and Observables:
 *
 * fallback( cache( retry( rate limit( bulkhead( circuit( timeout( call )))))))
 *
 * A promise whose circuit stands alone, or with a timeout, takes a short way of
 * its own, which is that order with nothing else in it.
 */
export class Pipeline implements Surroundings, Ways {
  readonly gate: Gate;
  readonly settlement: Settlement;
  readonly answering: Answering;
  private readonly short: ShortWay;
  // Made when a call takes them: a circuit has calls of one kind, and most of a large
  // application have none (`bench/`, "idle, 10,000 circuits").
  private ownValues: ValueWay | undefined;
  private ownPromises: PromiseWay | undefined;
  private ownObservables: ObservableWay | undefined;
  private ownUndeclared: UndeclaredWay | undefined;
  private ownPool: PolicyPool | undefined;

  constructor(readonly host: PipelineDependencies) {
    this.gate = new Gate(host.machine, host);
    this.settlement = new Settlement(host);
    this.answering = new Answering(host, this.settlement);
    this.short = new ShortWay(this);
  }

  get values(): ValueWay {
    return (this.ownValues ??= new ValueWay(this));
  }

  get promises(): PromiseWay {
    return (this.ownPromises ??= new PromiseWay(this));
  }

  get observables(): ObservableWay {
    return (this.ownObservables ??= new ObservableWay(this));
  }

  /** The policies of its calls; a circuit that stands alone has none. */
  get pool(): PolicyPool {
    return (this.ownPool ??= new PolicyPool(this.host));
  }

  /** Whether no work of its calls is known to go on, nor to come: a call may be waiting for its next attempt. */
  get isIdle(): boolean {
    return (
      this.host.machine.inFlight === 0 &&
      this.gate.isIdle &&
      (this.ownPromises?.isIdle ?? true) &&
      (this.ownObservables?.isIdle ?? true)
    );
  }

  /** Takes other rules. */
  configure(rules: CircuitRules): void {
    this.gate.configure(rules);
  }

  /** A promise's way. */
  execute(plan: CallPlan, body: Body, call: Call): Promise<unknown> {
    if (call.signal !== undefined) {
      return call.signal.aborted
        ? Promise.reject(call.signal.reason)
        : this.promises.run(plan, body, call);
    }
    if (!plan.isShort || !this.gate.isBare) {
      return this.promises.run(plan, body, call);
    }
    return this.short.run(plan, body, call);
  }

  /** A plain value's way. */
  executeSync(plan: CallPlan, body: Body, call: Call): unknown {
    this.undeclared.refuseWaiting(plan);
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
    switch (kind) {
      case 'promise':
        return this.execute(plan, body, call);
      case 'observable':
        return this.invokeObservable(plan, body, call);
      case 'value':
        return this.executeSync(plan, body, call);
      default:
        return this.invokeUndeclared(plan, body, call);
    }
  }

  /**
   * Refuses, before its work is prepared, a call that the circuit would refuse:
   * counts the refusal and answers with its error. Admits nothing.
   *
   * @returns `undefined` when the call would be admitted
   */
  refuseEarly(): CircuitOpenException | undefined {
    return this.gate.refuseByCircuit() && this.gate.circuitOpenNow();
  }

  private get undeclared(): UndeclaredWay {
    return (this.ownUndeclared ??= new UndeclaredWay(this, this));
  }

  private invokeObservable(plan: CallPlan, body: Body, call: Call): unknown {
    const start = () => body(new LazyCallContext(1, call.signal));
    if (!this.gate.wouldAdmit()) return this.invokeLater(plan, body, call);
    let source: unknown;
    try {
      source = start();
    } catch (error) {
      const failure = throwError(() => error);
      return this.protect(plan, failure, call);
    }
    if (isObservable(source)) return this.protect(plan, source, call);
    // Declared as an Observable, or seen as one, and now it is something else.
    if (call.answers !== undefined) call.answers.last = answerKindOf(source);
    const entry = this.gate.tryEnter();
    return typeof entry === 'function'
      ? source
      : this.undeclared.follow(plan, body, call, entry, source);
  }

  /** Refused, or admitted after all, when somebody subscribes: that is the call. */
  private invokeLater(
    plan: CallPlan,
    body: Body,
    call: Call,
  ): Observable<unknown> {
    const later = defer(
      () => body(new LazyCallContext(1, call.signal)) as Observable<unknown>,
    );
    return this.protect(plan, later, call);
  }

  private invokeUndeclared(plan: CallPlan, body: Body, call: Call): unknown {
    // Whoever waits or caches must know before the call what it answers with.
    if (!plan.hasPolicies && this.gate.isBare) {
      return this.undeclared.run(plan, body, call);
    }
    const before = call.answers?.last;
    if (before !== 'observable') {
      return this.undeclared.runAsBefore(plan, body, call, before);
    }
    return this.gate.hasRoom
      ? this.undeclared.run(plan, body, call)
      : this.invokeLater(plan, body, call);
  }
}
