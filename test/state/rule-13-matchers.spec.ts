import { describe, expect, it } from '@jest/globals';
import { createClassifier } from '../../lib/state/classification.js';
import type { CircuitOptions } from '../../lib/state/circuit-options.js';
import { retryAfterOf } from '../../lib/state/retry-after.js';

class Refusal {
  readonly isRefusal = true;
}
class Odd extends Error {}
function OldStyle(this: unknown) {}
OldStyle.prototype.describe = () => 'compiled from a class';
function OldError(this: unknown) {}
OldError.prototype = Object.create(Error.prototype);
function withoutPrototype(error: unknown) {
  return error === 'odd';
}
withoutPrototype.prototype = null;

const broken = () => {
  throw new Error('broken');
};

const after = (value: unknown, name = 'retry-after') =>
  retryAfterOf({ headers: { [name]: value } }, 0);

type Matchers = CircuitOptions['recordErrors'];

function setUp(options: CircuitOptions) {
  const reported: string[] = [];
  const classify = createClassifier(
    options as Parameters<typeof createClassifier>[0],
    what => void reported.push(what),
  );
  return { classify, reported };
}

const aborted = (reason?: unknown) => AbortSignal.abort(reason);
const answer = { status: 404 };

describe('rule 13: matchers', () => {
  it.each<[string, Matchers, unknown, boolean]>([
    ['the first of two', [Odd, TypeError], new Odd('x'), true],
    ['the second of two', [Odd, TypeError], new TypeError('x'), true],
    ['none of two', [Odd, TypeError], new RangeError('x'), false],
    ['Error itself', [Error], new Odd('x'), true],
    ['a built-in error class', [TypeError], new Error('x'), false],
    ['a class that is no error', [Refusal], new Refusal(), true],
    [
      'a class that was compiled',
      [OldStyle],
      Object.create(OldStyle.prototype),
      true,
    ],
    ['a predicate', [(error: unknown) => error === 'odd'], 'odd', true],
    [
      'a predicate that is a function',
      [
        function (e: unknown) {
          return e === 'odd';
        },
      ],
      'even',
      false,
    ],
    [
      'a predicate that is a function and agrees',
      [
        function (e: unknown) {
          return e === 'odd';
        },
      ],
      'odd',
      true,
    ],
    ['a predicate without a prototype', [withoutPrototype], 'odd', true],
    [
      'a compiled class of errors without a method',
      [OldError],
      new (OldError as unknown as new () => unknown)(),
      true,
    ],
    ['a method', [{ is: (e: unknown) => e === 1 }.is], 1, true],
    ['an empty list', [], new Odd('x'), false],
  ] as [string, Matchers, unknown, boolean][])(
    'rule 13: %s',
    (_, ignoreErrors, error, matches) => {
      const { classify } = setUp({ ignoreErrors });
      expect(classify(error).outcome).toBe(matches ? 'ignored' : 'failure');
    },
  );

  it('rule 13: one that throws matches nothing, and is named to the logger', () => {
    const { classify, reported } = setUp({
      ignoreErrors: [broken],
      recordErrors: [broken],
      classifyError: broken,
    });
    expect(classify(answer).outcome).toBe('success');
    expect(reported).toEqual(['ignoreErrors', 'recordErrors', 'classifyError']);
  });
});

describe("rule 13: the caller's abort", () => {
  it.each<[string, unknown, AbortSignal | undefined, string]>([
    ['its reason', 'gone', aborted('gone'), 'ignored'],
    [
      'an AbortError of whoever heard it',
      new DOMException('aborted', 'AbortError'),
      aborted('gone'),
      'ignored',
    ],
    [
      'an AbortError that is no DOMException',
      Object.assign(new Odd('aborted'), { name: 'AbortError' }),
      aborted('gone'),
      'ignored',
    ],
    ['another error in the same instant', new Odd('x'), aborted(), 'failure'],
    [
      'something that only looks like it',
      { name: 'AbortError' },
      aborted(),
      'failure',
    ],
    [
      'an AbortError without an abort of the caller',
      new DOMException('aborted', 'AbortError'),
      new AbortController().signal,
      'failure',
    ],
    [
      'an AbortError without a signal',
      new DOMException('aborted', 'AbortError'),
      undefined,
      'failure',
    ],
  ])('rule 13: %s', (_, error, signal, outcome) => {
    expect(setUp({}).classify(error, { signal }).outcome).toBe(outcome);
  });
});

describe('rule 13: an answer', () => {
  it.each<[string, unknown, string]>([
    ['a status', answer, 'success'],
    ['a response without a status', { response: null }, 'failure'],
    ['a response that is a word', { response: 'gone' }, 'failure'],
    ['a status in the response', { response: answer }, 'success'],
    ['nothing', null, 'failure'],
    ['undefined', undefined, 'failure'],
    ['a word', 'down', 'failure'],
    [
      'a getter that throws',
      {
        get status(): number {
          throw new Error('no');
        },
      },
      'failure',
    ],
  ])('rule 13: %s', (_, error, outcome) => {
    const { classify } = setUp({});
    expect(classify(error).outcome).toBe(outcome);
    expect(classify(error, { atHandler: true }).outcome).toBe(outcome);
  });
});

describe('rule 13: Retry-After', () => {
  it.each<[unknown, number | undefined]>([
    ['120', 120_000],
    [' 120 ', 120_000],
    ['1.25', 1_250],
    ['0.5', 500],
    [1.5, 1_500],
    [['7', '9'], 7_000],
    ['0', undefined],
    [0, undefined],
    [-1, undefined],
    [Infinity, undefined],
    ['7 s', undefined],
    ['in 7', undefined],
    ['1.', undefined],
    ['1.x', undefined],
    ['', undefined],
    [undefined, undefined],
    [true, undefined],
    [{}, undefined],
    ['Thu, 01 Jan 1970 00:00:10 GMT', 10_000],
    ['Thursday, 01-Jan-70 00:00:10 GMT', 10_000],
    // Ends in digits, and does not say that it is GMT.
    ['Thu Jan  1 00:00:10 1970', 10_000],
    ['1 Jan 1970 00:00:10 GMT', undefined],
    ['Wed, 31 Dec 1969 23:59:59 GMT', undefined],
  ])('rule 13: %p is %p', (value, expected) => {
    expect(after(value)).toBe(expected);
    expect(after(value, 'Retry-After')).toBe(expected);
    expect(after(value, 'x-wait')).toBeUndefined();
  });

  it('rule 13: is read from the error where the response has none', () => {
    const headers = { 'retry-after': 5 };
    for (const response of [null, {}, { headers: null }, { headers: {} }]) {
      expect(retryAfterOf({ response, headers }, 0)).toBe(5_000);
    }
  });

  it.each<[string, unknown]>([
    ['no object', 'down'],
    ['null', null],
    ['headers that are null', { headers: null }],
    ['headers that are a word', { headers: 'retry-after' }],
    [
      'a getter that throws',
      {
        get headers(): unknown {
          throw new Error('no');
        },
      },
    ],
  ])('rule 13: %s asks for nothing', (_, error) => {
    expect(retryAfterOf(error, 0)).toBeUndefined();
  });
});
