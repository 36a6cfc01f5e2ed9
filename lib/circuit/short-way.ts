import { Attempt } from '../policies/abort-scope.js';
import type { CallPermit } from '../state/admission.js';
import type { Verdict } from '../state/classification.js';
import type { Body, Call } from './call.js';
import { LazyCallContext } from './call-context.js';
import type { CallPlan } from './call-options.js';
import type { Settlement } from './settlement.js';
import type { Surroundings } from './surroundings.js';

/**
 * The way of a promise whose circuit stands alone, but for a timeout and a
 * fallback: the order of the pipeline with nothing else in it, for a quarter of
 * the cost (`bench/`, "closed" and "with a timeout").
 */
export class ShortWay {
  constructor(private readonly around: Surroundings) {}

  /** fallback( circuit( timeout( call ))), for a call that nobody can abort. */
  run(plan: CallPlan, body: Body, call: Call): Promise<unknown> {
    const permit = this.around.host.machine.tryAcquire();
    if (permit === undefined) return this.refuse(plan, call);
    return plan.timeout === false
      ? this.runUntimed(permit, plan, body, call)
      : this.runTimed(permit, plan, body, call);
  }

  private refuse(plan: CallPlan, call: Call): Promise<unknown> {
    const { gate, answering } = this.around;
    if (plan.fallback?.wantsError === false) {
      return answering.promise(plan, call, gate.circuitOpen);
    }
    const error = gate.circuitOpenNow();
    return answering.promise(plan, call, () => error);
  }

  /** Not an async function: `then` saves a third of the cost (`bench/`, "closed"). */
  private runUntimed(
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
      value => this.succeeded(permit, plan, value),
      (error: unknown) => this.failed(permit, plan, error, call),
    );
  }

  private runTimed(
    permit: CallPermit,
    plan: CallPlan,
    body: Body,
    call: Call,
  ): Promise<unknown> {
    const { pool, settlement } = this.around;
    const timeout = pool.of(plan).timeout!;
    const attempt = new TimedAttempt(permit, call, settlement);
    return timeout
      .run(attempt, () => body(attempt), { now: permit.startedAt })
      .then(
        value => this.succeeded(permit, plan, value),
        (error: unknown) =>
          attempt.timedOut === undefined
            ? this.failed(permit, plan, error, call)
            : this.answer(attempt.timedOut, plan, error, call),
      );
  }

  private succeeded(
    permit: CallPermit,
    plan: CallPlan,
    value: unknown,
  ): unknown {
    this.around.settlement.succeed(permit, plan, value);
    return value;
  }

  private failed(
    permit: CallPermit,
    plan: CallPlan,
    error: unknown,
    call: Call,
  ): Promise<unknown> {
    const verdict = this.around.settlement.fail(permit, error, call);
    return this.answer(verdict, plan, error, call);
  }

  private answer(
    { fallback }: Verdict,
    plan: CallPlan,
    error: unknown,
    call: Call,
  ): Promise<unknown> {
    return fallback
      ? this.around.answering.promise(plan, call, () => error)
      : Promise.reject(error);
  }
}

/** An attempt that nothing but its timeout can end; the circuit knows of that at once. */
class TimedAttempt extends Attempt {
  /** What the timeout meant to the circuit. */
  timedOut: Verdict | undefined = undefined;

  constructor(
    private readonly permit: CallPermit,
    private readonly call: Call,
    private readonly settlement: Settlement,
  ) {
    super(1, undefined);
  }

  override abort(reason: unknown): void {
    this.settlement.countTimeout('timeout', reason);
    this.timedOut = this.settlement.fail(this.permit, reason, this.call);
    super.abort(reason, 'timed-out');
  }
}
