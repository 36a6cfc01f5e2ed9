import { getEventListeners } from 'node:events';
import { describe, expect, it } from '@jest/globals';
import { NEVER, of, Subject } from 'rxjs';
import { CallTimeoutException } from '../../lib/errors/call-timeout.exception.js';
import { AbortScope, Attempt } from '../../lib/policies/abort-scope.js';
import { Deadline, deadlineSchema } from '../../lib/policies/deadline.js';
import { createTimeout } from '../../lib/policies/timeout.js';
import { parsePolicy } from '../support/parse-policy.js';
import { TestPolicyHost } from '../support/policy-host.js';

function bench(milliseconds = 1_000) {
  const host = new TestPolicyHost();
  return {
    host,
    clock: host.clock,
    deadline: new Deadline(milliseconds, host),
  };
}

const hang = () => new Promise<never>(() => {});

describe('the option deadline', () => {
  it('is off when it is not given, and takes a duration', () => {
    expect(parsePolicy('deadline', deadlineSchema, undefined)).toBe(false);
    expect(parsePolicy('deadline', deadlineSchema, '1m')).toBe(60_000);
    expect(() => parsePolicy('deadline', deadlineSchema, 0)).toThrow(
      'deadline: got 0, takes a duration from 1 ms',
    );
  });
});

describe('a deadline', () => {
  it('ends the call with a CallTimeoutException that says so', async () => {
    const { clock, deadline } = bench();
    const answer = deadline.run(undefined, hang);
    clock.advance(1_000);
    await expect(answer).rejects.toThrow(
      'A call of "dependency" did not end by its deadline of 1000 ms',
    );
    await expect(answer).rejects.toBeInstanceOf(CallTimeoutException);
  });

  it('knows when it passes', async () => {
    const { clock, deadline } = bench();
    clock.advance(5);
    await deadline.run(undefined, call => {
      expect(call.expiresAt).toBe(1_005);
    });
    expect(new AbortScope(undefined).expiresAt).toBe(Infinity);
    expect(clock.pending).toBe(0);
  });

  it('ends the attempt in flight, too, with the same error', async () => {
    const { clock, deadline, host } = bench();
    const timeout = createTimeout(5_000, host);
    let signal: AbortSignal | undefined;
    const answer = deadline.run(undefined, call => {
      const attempt = new Attempt(1, call.signal);
      signal = attempt.signal;
      return timeout.run(attempt, hang);
    });
    clock.advance(1_000);
    const error = await answer.catch((thrown: unknown) => thrown);
    expect(signal?.reason).toBe(error);
    expect(clock.pending).toBe(0);
  });

  it("hands the caller's abort on, and lets go of its signal", async () => {
    const { clock, deadline } = bench();
    const caller = new AbortController();
    let signal: AbortSignal | undefined;
    const answer = deadline.run(caller.signal, call => {
      ({ signal } = call);
      return hang();
    });
    caller.abort('gone');
    await expect(answer).rejects.toBe('gone');
    expect(signal?.reason).toBe('gone');
    expect(clock.pending).toBe(0);
    expect(getEventListeners(caller.signal, 'abort')).toHaveLength(0);
  });

  it('of an Observable holds until its first value, for each subscription anew', () => {
    const { clock, deadline } = bench();
    const source = new Subject<number>();
    const seen: unknown[] = [];
    const observed = deadline.observe(undefined, () => source);
    const observer = {
      next: (value: unknown) => seen.push(value),
      error: (error: unknown) => seen.push(error),
    };
    observed.subscribe(observer);
    source.next(1);
    clock.advance(5_000);
    expect(seen).toEqual([1]);
    observed.subscribe(observer);
    clock.advance(1_000);
    expect(seen).toEqual([1, expect.any(CallTimeoutException)]);
  });

  it('of an Observable knows when it passes', () => {
    const { clock, deadline } = bench();
    clock.advance(5);
    deadline
      .observe(undefined, call => of(call.expiresAt))
      .subscribe(expiresAt => expect(expiresAt).toBe(1_005));
    expect.assertions(1);
  });

  it("of an Observable lets go of the caller's signal at every end", () => {
    const { clock, deadline } = bench();
    const caller = new AbortController();
    deadline
      .observe(caller.signal, call => {
        void call.signal;
        return of(1);
      })
      .subscribe();
    deadline
      .observe(caller.signal, call => {
        void call.signal;
        return NEVER;
      })
      .subscribe()
      .unsubscribe();
    expect(getEventListeners(caller.signal, 'abort')).toHaveLength(0);
    expect(clock.pending).toBe(0);
  });
});
