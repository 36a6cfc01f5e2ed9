import { defer, isObservable, type Observable } from 'rxjs';
import { answerKindOf } from '../circuit/answer-kind.js';
import type { AnswerKind, CallPlan } from '../circuit/call-options.js';
import type { Body, Call } from '../circuit/call.js';
import type { Pipeline } from '../circuit/pipeline.js';
import { InvalidOptionsError } from '../errors/invalid-options.error.js';
import type { FaultInjector } from './fault-injector.js';

/**
 * A pipeline in front of a circuit's own. It only replaces what is called, so the
 * faults are innermost, inside of the timeout; and a circuit without faults has
 * not even a question to ask.
 */
export function faultyPipeline(
  pipeline: Pipeline,
  faults: FaultInjector,
): Pipeline {
  const own: Pick<Pipeline, 'execute' | 'executeSync' | 'protect' | 'invoke'> =
    {
      execute: (plan, body, call) =>
        pipeline.execute(plan, promising(faults, body, call), call),
      executeSync(plan, body, call) {
        if (!faults.concerns(call.args)) {
          return pipeline.executeSync(plan, body, call);
        }
        refuseWaiting(faults, plan);
        return pipeline.executeSync(
          plan,
          context => faults.value(() => body(context)),
          call,
        );
      },
      protect: (plan, source, call) =>
        pipeline.protect(plan, streaming(faults, source, call), call),
      invoke(plan, body, call, kind) {
        if (kind === 'value') return own.executeSync(plan, body, call);
        let isPlainValue = false;
        const hit = ofAnyKind(faults, body, call, kind, () => {
          isPlainValue = true;
        });
        const answer = pipeline.invoke(plan, hit, call, kind);
        if (isPlainValue) refuseWaiting(faults, plan);
        return answer;
      },
    };
  return new Proxy(pipeline, {
    // What a pipeline makes when it is asked for it makes for itself, not for what
    // stands in front: that would be another one, of which it knows nothing.
    get: (target, key) =>
      Reflect.get(Object.hasOwn(own, key) ? own : target, key),
  });
}

function promising(faults: FaultInjector, body: Body, call: Call): Body {
  return context => {
    if (!faults.concerns(call.args)) return body(context);
    return faults.promise(body, context);
  };
}

function streaming<T>(
  faults: FaultInjector,
  source: Observable<T>,
  call: Call,
): Observable<T> {
  const hit = faults.stream(source);
  return defer(() => (faults.concerns(call.args) ? hit : source));
}

/**
 * What a function answers with is known from its last answer. Before the first one
 * it has to be called, and a fault replaces what it answers.
 */
function ofAnyKind(
  faults: FaultInjector,
  body: Body,
  call: Call,
  kind: AnswerKind | undefined,
  plainValueSeen: () => void,
): Body {
  const promise = promising(faults, body, call);
  const value = (run: () => unknown) => {
    plainValueSeen();
    // Refused after the call then, and no failure of the circuit.
    return faults.needsWaiting ? run() : faults.value(run);
  };
  return context => {
    const expected = kind ?? call.answers?.last;
    if (expected === 'promise') return promise(context);
    if (expected === 'value' && faults.concerns(call.args)) {
      return value(() => body(context));
    }
    const answer = body(context);
    if (isObservable(answer)) return streaming(faults, answer, call);
    if (!faults.concerns(call.args)) return answer;
    if (answerKindOf(answer) === 'promise') {
      // It may fail by itself, and nobody hears of that.
      (answer as PromiseLike<unknown>).then(undefined, () => {});
      return faults.promise(() => answer, context);
    }
    // A fault that replaces it hides its kind, and the next call need not be made.
    if (call.answers !== undefined) call.answers.last = 'value';
    return value(() => answer);
  };
}

/** A plain value is there at once: it cannot be late. */
function refuseWaiting(faults: FaultInjector, plan: CallPlan): void {
  if (!faults.needsWaiting) return;
  throw new InvalidOptionsError(`Injected faults of ${plan.subject}`, [
    {
      path: 'latency, hangRate',
      message:
        'cannot be had for a function that returns a plain value, because nothing else runs while it does. Inject errors alone, leave its calls out with `when`, or make the function async',
    },
  ]);
}
