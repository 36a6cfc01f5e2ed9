import { answerKindOf } from '../circuit/answer-kind.js';
import type { AnswerKind } from '../circuit/call-options.js';

const SAYS_NOTHING: ReadonlySet<string> = new Set(['Object', 'Function']);

/**
 * The kind of a method's answers, as far as it can be known before a call.
 *
 * @param method the function below the decorator
 * @param returnType what TypeScript emitted as `design:returntype`
 * @returns `undefined` where that says nothing: interfaces, unions, no annotation
 */
export function declaredAnswerKind(
  method: unknown,
  returnType: unknown,
): AnswerKind | undefined {
  if (Object.prototype.toString.call(method) === '[object AsyncFunction]') {
    return 'promise';
  }
  // `void`, `undefined` and missing annotations are emitted as undefined,
  // interfaces and unions as Object, and what is imported as a type as Function.
  if (typeof returnType !== 'function' || SAYS_NOTHING.has(returnType.name)) {
    return undefined;
  }
  // By shape: a promise of another realm or an Observable of another copy of RxJS is one, too.
  return answerKindOf(returnType.prototype);
}
