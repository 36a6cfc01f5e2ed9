import { describe, expect, it } from '@jest/globals';
import { Observable, Subject } from 'rxjs';
import { declaredAnswerKind } from '../../lib/protection/declared-answer-kind.js';

class Dto {
  id = 1;
}
class OwnPromise<T> extends Promise<T> {}
class Query {
  // A lazy query, as builders of SQL have them.
  // oxlint-disable-next-line unicorn/no-thenable
  then() {}
}

describe('the kind of a method, known before its first call', () => {
  it.each([
    ['an async function', async () => 1, undefined, 'promise'],
    ['Promise', () => 1, Promise, 'promise'],
    ['a subclass of Promise', () => 1, OwnPromise, 'promise'],
    ['a class with then()', () => 1, Query, 'promise'],
    ['Observable', () => 1, Observable, 'observable'],
    ['a subclass of Observable', () => 1, Subject, 'observable'],
    ['Number', () => 1, Number, 'value'],
    ['String', () => 1, String, 'value'],
    ['Array', () => 1, Array, 'value'],
    ['a class', () => 1, Dto, 'value'],
    ['an interface or a union', () => 1, Object, undefined],
    ['what is imported as a type', () => 1, Function, undefined],
    ['no annotation or void', () => 1, undefined, undefined],
  ])('%s', (_name, method, returnType, kind) => {
    expect(declaredAnswerKind(method, returnType)).toBe(kind);
  });
});
