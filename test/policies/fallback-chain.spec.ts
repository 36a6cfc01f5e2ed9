import { runInThisContext } from 'node:vm';
import { describe, expect, it, jest } from '@jest/globals';
import { firstValueFrom, of, throwError } from 'rxjs';
import {
  FallbackChain,
  isPromiseLike,
  type Fallback,
} from '../../lib/policies/fallback.js';

const original = new Error('original');
const failing = (error: unknown) => () => {
  throw error;
};

const rejecting = (message: string) => async () => {
  throw new Error(message);
};

/** Runs fallbacks for the original error and tells how often it was built. */
function setUp(fallback: Fallback) {
  const error = jest.fn(() => original);
  const call = { self: { spare: () => 'spare' }, args: [1], report: jest.fn() };
  const chain = new FallbackChain(fallback);
  return {
    error,
    report: call.report,
    run: () => chain.run(error, call),
    run$: () => firstValueFrom(chain.run$(error, call)),
  };
}

/** What it throws. */
function thrownBy(fallback: Fallback): unknown {
  try {
    setUp(fallback).run();
  } catch (error) {
    return error;
  }
  throw new Error('nothing was thrown');
}

describe('a function that answers for a call', () => {
  it.each([
    'function   named  (  ) { return 1 }',
    'function(){ return 1 }',
    'async   function   named() { return 1 }',
    'async function() { return 1 }',
    '() => 1',
    'async  (  ) => 1',
    '({ $of_1 ( ) { return 1 } }).$of_1',
    '({ async of() { return 1 } }).of',
  ])('costs no error where it can see none: %s', async source => {
    const { run, error } = setUp(runInThisContext(`(${source})`));
    expect(await run()).toBe(1);
    expect(error).not.toHaveBeenCalled();
  });

  it.each([
    'error => error',
    'function named(error) { return error }',
    '(...all) => all[0]',
    'async (...all) => all[0]',
    'function named(...all) { return all[0] }',
    '(error = Date()) => error',
    'function named() { return arguments[0] }',
  ])('gets the error where it can see it: %s', async source => {
    const { run } = setUp(runInThisContext(`(${source})`));
    expect(await run()).toBe(original);
  });

  it('is asked for its parameters once', () => {
    const toString = jest.spyOn(Function.prototype, 'toString');
    try {
      const { run } = setUp('spare');
      expect([run(), run(), run()]).toEqual(['spare', 'spare', 'spare']);
      expect(toString).toHaveBeenCalledTimes(1);
    } finally {
      toString.mockRestore();
    }
  });
});

describe('fallbacks in order', () => {
  it('tell which methods they name', () => {
    const chain = new FallbackChain([
      'first',
      () => 1,
      { on: Error, use: 'second' },
    ]);
    expect(chain.methodNames).toEqual(['first', 'second']);
  });

  it('are each tried once, also those that answer later', async () => {
    const tried: number[] = [];
    const step = (n: number) => async () => {
      tried.push(n);
      if (n < 3) throw new Error(`no. ${n}`);
      return n;
    };
    const steps = [1, 2, 3, 4].map(step);
    expect(await setUp(steps).run()).toBe(3);
    expect(tried).toEqual([1, 2, 3]);
    expect(await setUp(steps).run$()).toBe(3);
    expect(tried).toEqual([1, 2, 3, 1, 2, 3]);
  });

  it.each(['run', 'run$'] as const)(
    'end with the last error and its cause: %s',
    async way => {
      const chain = setUp([rejecting('one'), rejecting('two')]);
      await expect(
        Promise.resolve().then(() => chain[way]()),
      ).rejects.toMatchObject({ message: 'two', cause: original });
    },
  );

  it.each(['run', 'run$'] as const)(
    'are passed over where they do not take the error: %s',
    async way => {
      const none = setUp({ on: TypeError, use: () => 'never' });
      await expect(Promise.resolve().then(() => none[way]())).rejects.toBe(
        original,
      );
      const second = setUp([
        { on: TypeError, use: () => 'never' },
        { on: Error, use: () => 'second' },
      ]);
      expect(await second[way]()).toBe('second');
    },
  );

  it('are passed over where "on" throws, which is told', () => {
    const broken = new Error('broken');
    const { run, report } = setUp([
      { on: failing(broken), use: () => 'never' },
      () => 'second',
    ]);
    expect(run()).toBe('second');
    expect(report.mock.calls).toEqual([['a fallback\'s "on"', broken]]);
  });

  it('answer with what an Observable sends, or fails with', async () => {
    expect(await setUp(() => of('sent')).run$()).toBe('sent');
    const next = setUp([() => throwError(() => original), () => 'next']);
    expect(await next.run$()).toBe('next');
  });
});

describe('the error of the last fallback', () => {
  it('has the original as its cause, as errors have theirs', () => {
    const error = new Error('of the fallback');
    expect(thrownBy(failing(error))).toBe(error);
    expect(Object.getOwnPropertyDescriptor(error, 'cause')).toEqual({
      value: original,
      configurable: true,
      enumerable: false,
      writable: true,
    });
  });

  it('keeps a cause that it has', () => {
    const error = new Error('of the fallback', { cause: 'mine' });
    expect(thrownBy(failing(error))).toBe(error);
    expect(error.cause).toBe('mine');
  });

  it.each([
    ['the original itself', original],
    ['frozen', Object.freeze(new Error('frozen'))],
    ['no Error', 'text'],
    ['no Error, but an object', Object.freeze({ cause: undefined })],
  ])('stays as it is where it is %s', (_what, error) => {
    expect(thrownBy(failing(error))).toBe(error);
    expect((error as { cause?: unknown }).cause).toBeUndefined();
  });

  it('stays as it is where it is an object that could take a cause', () => {
    const error = { message: 'of my own' };
    expect(thrownBy(failing(error))).toBe(error);
    expect(error).toEqual({ message: 'of my own' });
  });
});

/** An object or a function with a `then`. */
function withThen(then: unknown, object: object = {}): object {
  Reflect.set(object, 'then', then);
  return object;
}

describe('what is waited for', () => {
  it.each([
    [Promise.resolve(), true],
    [withThen(() => {}), true],
    [withThen(() => {}, jest.fn()), true],
    [withThen(5), false],
    [{}, false],
    [null, false],
    [undefined, false],
    ['then', false],
    [() => {}, false],
  ])('of %p: %p', (value, expected) => {
    expect(isPromiseLike(value)).toBe(expected);
  });

  it('is no text, whatever texts are taught', () => {
    withThen(() => {}, String.prototype);
    expect(isPromiseLike('text')).toBe(false);
    Reflect.deleteProperty(String.prototype, 'then');
  });
});
