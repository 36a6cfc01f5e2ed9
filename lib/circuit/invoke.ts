import { throwError } from 'rxjs';
import type { Body, Call } from './call.js';
import type { AnswerKind, CallPlan } from './call-options.js';
import type { Circuit } from './circuit.js';

/**
 * How a door calls through a circuit: the answer is of the function's own kind.
 *
 * @param kind what is known of the answer; a refused call answers in this kind
 */
export function invoke(
  circuit: Circuit,
  plan: CallPlan,
  body: Body,
  call: Call,
  kind: AnswerKind | undefined = plan.returns,
): unknown {
  try {
    const pipeline = () => circuit.target(plan, call).pipeline;
    return plan.key === undefined
      ? pipeline().invoke(plan, body, call, kind)
      : pipeline().invoke(plan, body, { ...call, pipeline }, kind);
  } catch (error) {
    if (kind === 'promise') return Promise.reject(error);
    if (kind === 'observable') return throwError(() => error);
    throw error;
  }
}
