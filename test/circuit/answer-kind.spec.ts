import { describe, expect, it } from '@jest/globals';
import { of } from 'rxjs';
import { answerKindOf } from '../../lib/circuit/answer-kind.js';

// A lazy query, as builders of SQL have them.
// oxlint-disable-next-line unicorn/no-thenable
const thenable = { then() {} };

describe('the kind of an answer', () => {
  it.each([
    ['a promise', Promise.resolve(1), 'promise'],
    ['a thenable', thenable, 'promise'],
    ['an Observable', of(1), 'observable'],
    ['a number', 1, 'value'],
    ['null', null, 'value'],
    ['nothing', undefined, 'value'],
    ['an object', {}, 'value'],
  ])('%s', (_name, answer, kind) => {
    expect(answerKindOf(answer)).toBe(kind);
  });
});
