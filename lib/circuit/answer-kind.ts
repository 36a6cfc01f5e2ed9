import { isObservable } from 'rxjs';
import { isPromiseLike } from '../policies/fallback.js';
import type { AnswerKind } from './call-options.js';

/** The kind of an answer. */
export function answerKindOf(answer: unknown): AnswerKind {
  if (isPromiseLike(answer)) return 'promise';
  return isObservable(answer) ? 'observable' : 'value';
}
