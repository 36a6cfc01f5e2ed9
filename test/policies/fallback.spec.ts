import { describe, expect, it } from '@jest/globals';
import { FallbackChain } from '../../lib/policies/fallback.js';

/** Runs one fallback, and tells whether it cost an error. */
function run(use: string | ((...args: never[]) => unknown), self?: unknown) {
  let built = 0;
  const answer = new FallbackChain(use).run(() => ++built && 'the error', {
    self,
    args: ['a', 'b'],
    report: () => {},
  });
  return { answer, built };
}

const service = {
  stock: 'kept',
  bare() {
    return this.stock;
  },
  async bareAsync() {
    return this.stock;
  },
  withError(error: unknown) {
    return error;
  },
  withRest(...all: unknown[]) {
    return all;
  },
  withDefault(error: unknown = 'none') {
    return error;
  },
  withArguments() {
    return [...arguments];
  },
  // As mocks have it: none of its own, and sees all.
  bound: Array.of.bind(Array),
};

describe('a fallback that is a method', () => {
  it.each(['bare', 'bareAsync'] as const)(
    'and declares no parameter costs no error: %s',
    async name => {
      const { answer, built } = run(name, service);
      expect(await answer).toBe('kept');
      expect(built).toBe(0);
    },
  );

  it.each([
    ['withError', 'the error'],
    ['withRest', ['the error', 'a', 'b']],
    ['withDefault', 'the error'],
    ['withArguments', ['the error', 'a', 'b']],
    ['bound', ['the error', 'a', 'b']],
  ] as const)('and can see its arguments gets them: %s', (name, expected) => {
    expect(run(name, service)).toEqual({ answer: expected, built: 1 });
  });

  it('is asked anew on another object', () => {
    const one = { answer: () => 'spare' };
    const other = { answer: (error: unknown) => error };
    expect(run('answer', one)).toEqual({ answer: 'spare', built: 0 });
    expect(run('answer', other)).toEqual({ answer: 'the error', built: 1 });
  });
});

describe('a fallback function', () => {
  it('that declares no parameter costs no error', () => {
    expect(run(() => 'spare')).toEqual({ answer: 'spare', built: 0 });
  });

  it('that declares one gets the error and the arguments of the call', () => {
    expect(run((error: never, a: never, b: never) => [error, a, b])).toEqual({
      answer: ['the error', 'a', 'b'],
      built: 1,
    });
  });
});
