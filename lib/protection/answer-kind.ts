import { isObservable } from 'rxjs';
import type { AnswerKind } from '../circuit/call-options.js';

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
  // `void`, `undefined` and missing annotations are emitted as undefined, interfaces and unions as Object.
  if (typeof returnType !== 'function' || returnType.name === 'Object') {
    return undefined;
  }
  // By shape: a promise of another realm or an Observable of another copy of RxJS is one, too.
  return answerKindOf(returnType.prototype);
}

/** The kind of an answer. */
export function answerKindOf(answer: unknown): AnswerKind {
  if (isThenable(answer)) return 'promise';
  return isObservable(answer) ? 'observable' : 'value';
}

function isThenable(value: unknown): boolean {
  return (
    ((typeof value === 'object' && value !== null) ||
      typeof value === 'function') &&
    'then' in value &&
    typeof value.then === 'function'
  );
}
