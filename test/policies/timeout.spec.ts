import { getEventListeners } from 'node:events';
import { describe, expect, it, jest } from '@jest/globals';
import { NEVER, Observable, of, Subject, throwError } from 'rxjs';
import { CallTimeoutException } from '../../lib/errors/call-timeout.exception.js';
import { Attempt } from '../../lib/policies/abort-scope.js';
import { createTimeout, timeoutSchema } from '../../lib/policies/timeout.js';
import { parsePolicy } from '../support/parse-policy.js';
import { settled, TestPolicyHost } from '../support/policy-host.js';

function bench(milliseconds = 100) {
  const host = new TestPolicyHost();
  return {
    host,
    clock: host.clock,
    timeout: createTimeout(milliseconds, host),
  };
}

/** A call that ends when the test says so. */
function hanging<T>() {
  let resolve!: (value: T) => void;
  let reject!: (error: unknown) => void;
  const promise = new Promise<T>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  return { promise, resolve, reject };
}

/** What a subscriber is told. */
function watch<T>(source: Observable<T>) {
  const seen: unknown[] = [];
  const subscription = source.subscribe({
    next: value => seen.push(value),
    error: (error: unknown) => seen.push(error),
    complete: () => seen.push('complete'),
  });
  return { seen, subscription };
}

const hang = () => new Promise<never>(() => {});

describe('the option timeout', () => {
  it('is off when it is not given', () => {
    expect(parsePolicy('timeout', timeoutSchema, undefined)).toBe(false);
  });

  it.each([
    ['2s', 2_000],
    [1, 1],
    [false, false],
    ['24d', 2_073_600_000],
    [2 ** 31 - 1, 2 ** 31 - 1],
  ])('takes %p', (given, milliseconds) => {
    expect(parsePolicy('timeout', timeoutSchema, given)).toBe(milliseconds);
  });

  it.each([0, '0s', -1, Infinity, NaN, '25d', 2 ** 31, true, null, 'soon'])(
    'refuses %p and says what it takes',
    given => {
      expect(() => parsePolicy('timeout', timeoutSchema, given)).toThrow(
        /timeout: got .+, takes a duration from 1 ms to 24 days: milliseconds, or a string such as '2s', or false/,
      );
    },
  );
});

describe('a timeout of a promise', () => {
  it('answers as the attempt does', async () => {
    const { timeout } = bench();
    await expect(timeout.run(new Attempt(1, undefined), () => 1)).resolves.toBe(
      1,
    );
    await expect(
      timeout.run(new Attempt(1, undefined), async () => 2),
    ).resolves.toBe(2);
  });

  it.each([
    [
      'throws',
      () => {
        throw new Error('own');
      },
    ],
    ['rejects', () => Promise.reject(new Error('own'))],
  ])('fails as the attempt does when it %s', async (_, start) => {
    const { timeout, clock } = bench();
    const attempt = new Attempt(1, undefined);
    await expect(timeout.run(attempt, start)).rejects.toThrow('own');
    expect(attempt.state).toBe('settled');
    expect(clock.pending).toBe(0);
  });

  it('rejects with a CallTimeoutException at the timeout, not before', async () => {
    const { timeout, clock } = bench(100);
    const attempt = new Attempt(1, undefined);
    const rejected = jest.fn();
    timeout.run(attempt, hang).catch(rejected);
    clock.advance(99);
    await settled();
    expect(rejected).not.toHaveBeenCalled();
    clock.advance(1);
    await settled();
    expect(rejected).toHaveBeenCalledWith(expect.any(CallTimeoutException));
    expect(rejected.mock.calls[0]?.[0]).toMatchObject({
      circuit: 'dependency',
      code: 'CALL_TIMEOUT',
      timeout: 100,
      retryAfter: null,
      message: 'A call of "dependency" did not end within 100 ms',
    });
    expect(attempt.state).toBe('timed-out');
  });

  it("aborts the attempt's signal with the same error", async () => {
    const { timeout, clock } = bench(100);
    const attempt = new Attempt(1, undefined);
    const { signal } = attempt;
    const answer = timeout.run(attempt, hang);
    clock.advance(100);
    const error = await answer.catch((thrown: unknown) => thrown);
    expect(signal.reason).toBe(error);
  });

  it('wins over what the attempt makes of its abort', async () => {
    const { timeout, clock } = bench(100);
    const attempt = new Attempt(1, undefined);
    const answer = timeout.run(
      attempt,
      () =>
        new Promise((_, reject) => {
          attempt.signal.addEventListener('abort', () =>
            reject(new Error('AbortError of the client')),
          );
        }),
    );
    clock.advance(100);
    await expect(answer).rejects.toBeInstanceOf(CallTimeoutException);
  });

  it.each(['resolve', 'reject'] as const)(
    'lets a late %s change nothing, and tells of the real end',
    async settle => {
      const { timeout, clock } = bench(100);
      const call = hanging<unknown>();
      const ended = jest.fn();
      const unhandled = jest.fn();
      process.on('unhandledRejection', unhandled);
      const answer = timeout.run(
        new Attempt(1, undefined),
        () => call.promise,
        { ended },
      );
      clock.advance(100);
      await expect(answer).rejects.toBeInstanceOf(CallTimeoutException);
      expect(ended).not.toHaveBeenCalled();
      call[settle](new Error('late'));
      await settled();
      process.off('unhandledRejection', unhandled);
      expect(ended).toHaveBeenCalledTimes(1);
      expect(unhandled).not.toHaveBeenCalled();
      await expect(answer).rejects.toBeInstanceOf(CallTimeoutException);
    },
  );

  it('does not abort an attempt that has settled', async () => {
    const { timeout, clock } = bench(100);
    const caller = new AbortController();
    const attempt = new Attempt(1, caller.signal);
    const { signal } = attempt;
    await timeout.run(attempt, async () => 1);
    clock.advance(1_000);
    caller.abort();
    expect(signal.aborted).toBe(false);
  });

  it("rejects with the caller's reason at the caller's abort and aborts the attempt with it", async () => {
    const { timeout, clock } = bench(100);
    const caller = new AbortController();
    const attempt = new Attempt(1, caller.signal);
    const { signal } = attempt;
    const ended = jest.fn();
    const answer = timeout.run(attempt, hang, { ended });
    const reason = new Error('gone');
    caller.abort(reason);
    await expect(answer).rejects.toBe(reason);
    expect(signal.reason).toBe(reason);
    expect(attempt.state).toBe('aborted');
    expect(clock.pending).toBe(0);
    expect(ended).not.toHaveBeenCalled();
  });

  it('does not begin for a caller that has gone', async () => {
    const { timeout, clock } = bench();
    const start = jest.fn();
    const ended = jest.fn();
    await expect(
      timeout.run(new Attempt(1, AbortSignal.abort('gone')), start, { ended }),
    ).rejects.toBe('gone');
    expect(start).not.toHaveBeenCalled();
    expect(ended).toHaveBeenCalledTimes(1);
    expect(clock.pending).toBe(0);
  });

  it('counts the time in which the attempt began', async () => {
    const { timeout, clock } = bench(100);
    const answer = timeout.run(new Attempt(1, undefined), () => {
      clock.advance(100);
      return hang();
    });
    await expect(answer).rejects.toBeInstanceOf(CallTimeoutException);
  });

  it.each([
    [false, 0],
    [true, 1],
  ])(
    'with captureStack %p its error has a stack or none',
    async (captureStack, frames) => {
      const { timeout, clock, host } = bench(100);
      host.captureStack = captureStack;
      const answer = timeout.run(new Attempt(1, undefined), hang);
      clock.advance(100);
      const error = await answer.catch((thrown: unknown) => thrown as Error);
      expect(
        Math.min(1, (error.stack ?? '').split('\n    at ').length - 1),
      ).toBe(frames);
    },
  );

  it('leaves neither a listener nor a timer after many calls of one caller', async () => {
    const { timeout, clock } = bench();
    const caller = new AbortController();
    for (let call = 0; call < 100_000; call++) {
      const attempt = new Attempt(1, caller.signal);
      if (call % 2 === 0) void attempt.signal;
      await timeout.run(attempt, () => call);
    }
    expect(getEventListeners(caller.signal, 'abort')).toHaveLength(0);
    expect(clock.pending).toBe(0);
  });
});

describe('a timeout of an Observable', () => {
  it('is an error when no value comes in time', () => {
    const { timeout, clock } = bench(100);
    const attempt = new Attempt(1, undefined);
    const { signal } = attempt;
    const unsubscribed = jest.fn();
    const { seen } = watch(
      timeout.observe(attempt, new Observable<number>(() => unsubscribed)),
    );
    clock.advance(99);
    expect(seen).toEqual([]);
    clock.advance(1);
    expect(seen).toEqual([expect.any(CallTimeoutException)]);
    expect(unsubscribed).toHaveBeenCalledTimes(1);
    expect(signal.reason).toBe(seen[0]);
    expect(attempt.state).toBe('timed-out');
  });

  it('wins over what the source makes of its abort', () => {
    const { timeout, clock } = bench(100);
    const attempt = new Attempt(1, undefined);
    const source = new Observable<number>(subscriber => {
      attempt.signal.addEventListener('abort', () => subscriber.complete());
    });
    const { seen } = watch(timeout.observe(attempt, source));
    clock.advance(100);
    expect(seen).toEqual([expect.any(CallTimeoutException)]);
  });

  it('does not cut a stream after its first value', () => {
    const { timeout, clock } = bench(100);
    const source = new Subject<number>();
    const { seen } = watch(timeout.observe(new Attempt(1, undefined), source));
    source.next(1);
    expect(clock.pending).toBe(0);
    clock.advance(1_000);
    source.next(2);
    source.complete();
    expect(seen).toEqual([1, 2, 'complete']);
  });

  it.each([
    ['values at once', () => of(1), [1, 'complete']],
    ['an error', () => throwError(() => 'own'), ['own']],
    ['completion without a value', () => of(), ['complete']],
  ])('passes %s on and leaves no timer', (_, source, expected) => {
    const { timeout, clock } = bench();
    const attempt = new Attempt(1, undefined);
    const { seen } = watch<unknown>(
      timeout.observe<unknown>(attempt, source()),
    );
    expect(seen).toEqual(expected);
    expect(clock.pending).toBe(0);
    expect(attempt.state).toBe('settled');
  });

  it('leaves no timer after unsubscribing, and aborts the work', () => {
    const { timeout, clock } = bench();
    const caller = new AbortController();
    const attempt = new Attempt(1, caller.signal);
    const { signal } = attempt;
    watch(timeout.observe(attempt, NEVER)).subscription.unsubscribe();
    expect(clock.pending).toBe(0);
    expect(signal.aborted).toBe(true);
    expect(getEventListeners(caller.signal, 'abort')).toHaveLength(0);
  });

  it.each([[[]], [[1]]])(
    "ends with the caller's reason at its abort, after the values %p",
    values => {
      const { timeout } = bench();
      const caller = new AbortController();
      const attempt = new Attempt(1, caller.signal);
      const { signal } = attempt;
      const source = new Subject<number>();
      const { seen } = watch(timeout.observe(attempt, source));
      for (const value of values) source.next(value);
      caller.abort('gone');
      expect(seen).toEqual([...values, 'gone']);
      expect(signal.reason).toBe('gone');
      expect(source.observed).toBe(false);
    },
  );
});
