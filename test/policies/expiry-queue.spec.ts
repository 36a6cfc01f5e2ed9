import { AsyncLocalStorage } from 'node:async_hooks';
import { afterEach, describe, expect, it, jest } from '@jest/globals';
import * as fc from 'fast-check';
import { AbortScope, Attempt } from '../../lib/policies/abort-scope.js';
import { ExpiryQueue } from '../../lib/policies/expiry-queue.js';
import { createTimeout } from '../../lib/policies/timeout.js';
import { systemClock } from '../../lib/state/clock.js';
import { settled, TestPolicyHost } from '../support/policy-host.js';
import { VirtualClock } from '../support/virtual-clock.js';

function bench(milliseconds = 100, clock = new VirtualClock()) {
  const expired: AbortScope[] = [];
  const queue = new ExpiryQueue(milliseconds, clock, scope => {
    expired.push(scope);
  });
  const enter = () => {
    const scope = new AbortScope(undefined);
    queue.enter(scope);
    return scope;
  };
  return { clock, expired, queue, enter };
}

/** Timers that keep the process alive. */
function liveTimers(): number {
  return process.getActiveResourcesInfo().filter(name => name === 'Timeout')
    .length;
}

describe('ExpiryQueue', () => {
  it('ends each piece of work after its own time, in order', () => {
    const { clock, expired, enter } = bench(100);
    const first = enter();
    clock.advance(30);
    const second = enter();
    clock.advance(69);
    expect(expired).toEqual([]);
    clock.advance(1);
    expect(expired).toEqual([first]);
    clock.advance(29);
    expect(expired).toEqual([first]);
    clock.advance(1);
    expect(expired).toEqual([first, second]);
    expect(clock.pending).toBe(0);
  });

  it('needs one timer, however much is under way', () => {
    const { clock, enter } = bench();
    for (let i = 0; i < 100; i++) {
      clock.advance(0.5);
      enter();
    }
    expect(clock.pending).toBe(1);
  });

  it('leaves no timer when nothing is under way', () => {
    const { clock, queue, enter } = bench();
    const [first, second] = [enter(), enter()];
    queue.leave(first);
    expect(clock.pending).toBe(1);
    queue.leave(second);
    expect(clock.pending).toBe(0);
  });

  it('takes a second leaving for none', () => {
    const { clock, expired, queue, enter } = bench();
    const [first, second] = [enter(), enter()];
    queue.leave(first);
    queue.leave(first);
    clock.advance(100);
    expect(expired).toEqual([second]);
  });

  it('gives work that begins while others are ended its whole time', () => {
    const clock = new VirtualClock();
    const expired: number[] = [];
    const queue = new ExpiryQueue(100, clock, () => {
      expired.push(clock.now());
      if (expired.length < 3) queue.enter(new AbortScope(undefined));
    });
    queue.enter(new AbortScope(undefined));
    clock.advance(1_000);
    expect(expired).toEqual([100, 200, 300]);
    expect(clock.pending).toBe(0);
  });

  it('is not late for what was under way when other work begins at the ring', () => {
    const clock = new VirtualClock();
    const expired: number[] = [];
    const queue = new ExpiryQueue(100, clock, () => {
      expired.push(clock.now());
      if (expired.length === 1) queue.enter(new AbortScope(undefined));
    });
    queue.enter(new AbortScope(undefined));
    clock.advance(30);
    queue.enter(new AbortScope(undefined));
    clock.advance(500);
    expect(expired).toEqual([100, 130, 200]);
  });

  it('waits for whole milliseconds, as timers do', () => {
    const { clock, expired, enter } = bench(100);
    enter();
    clock.advance(30.25);
    enter();
    clock.advance(100.5);
    expect(expired).toHaveLength(1);
    clock.advance(0.25);
    expect(clock.now()).toBe(131);
    expect(expired).toHaveLength(2);
  });

  it('is late by no more than the step of a clock that is set back', () => {
    const { clock, expired, enter } = bench(100);
    clock.set(50_000);
    enter();
    clock.set(0);
    enter();
    clock.advance(50_099);
    expect(expired).toHaveLength(0);
    clock.advance(1);
    expect(expired).toHaveLength(2);
  });

  it('does what a timer for each piece of work would do', () => {
    const step = fc.oneof(
      fc.record({ type: fc.constant('enter' as const) }),
      fc.record({ type: fc.constant('leave' as const), index: fc.nat(30) }),
      fc.record({ type: fc.constant('advance' as const), by: fc.nat(60) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80 }), steps => {
        const { clock, expired, queue, enter } = bench(100);
        const entered: { scope: AbortScope; at: number; left: boolean }[] = [];
        for (const each of steps) {
          if (each.type === 'enter') {
            entered.push({ scope: enter(), at: clock.now(), left: false });
          } else if (each.type === 'advance') {
            clock.advance(each.by);
          } else {
            const one = entered[each.index];
            if (one === undefined) continue;
            queue.leave(one.scope);
            if (clock.now() < one.at + 100) one.left = true;
          }
        }
        const due = entered.filter(
          ({ at, left }) => !left && at + 100 <= clock.now(),
        );
        expect(expired).toEqual(due.map(({ scope }) => scope));
        const pending = entered.filter(one => !one.left).length - due.length;
        expect(clock.pending).toBe(pending > 0 ? 1 : 0);
      }),
    );
  });
});

describe("ExpiryQueue on the process's own timers", () => {
  afterEach(() => {
    jest.useRealTimers();
  });

  it('keeps the process alive only while something is under way', () => {
    const real = new ExpiryQueue(60_000, systemClock, () => {});
    const before = liveTimers();
    for (let round = 0; round < 3; round++) {
      const scope = new AbortScope(undefined);
      real.enter(scope);
      expect(liveTimers()).toBe(before + 1);
      real.leave(scope);
      expect(liveTimers()).toBe(before);
    }
  });

  it('ends work that began while the timer of earlier work was still set', () => {
    jest.useFakeTimers();
    const expired: number[] = [];
    const queue = new ExpiryQueue(100, systemClock, () => {
      expired.push(performance.now());
    });
    const start = performance.now();
    const first = new AbortScope(undefined);
    queue.enter(first);
    queue.leave(first);
    jest.advanceTimersByTime(60);
    queue.enter(new AbortScope(undefined));
    jest.advanceTimersByTime(99);
    expect(expired).toEqual([]);
    jest.advanceTimersByTime(1);
    expect(expired.map(at => at - start)).toEqual([160]);
    expect(jest.getTimerCount()).toBe(0);
  });

  it('outlives an exchange of the timers, as test suites do it', () => {
    const expired: unknown[] = [];
    const queue = new ExpiryQueue(100, systemClock, scope => {
      expired.push(scope);
    });
    const early = new AbortScope(undefined);
    queue.enter(early);
    queue.leave(early);
    for (let round = 1; round <= 2; round++) {
      jest.useFakeTimers();
      queue.enter(new AbortScope(undefined));
      jest.advanceTimersByTime(100);
      expect(expired).toHaveLength(round);
      const leaving = new AbortScope(undefined);
      queue.enter(leaving);
      queue.leave(leaving);
      jest.useRealTimers();
    }
  });
});

describe('asynchronous context', () => {
  it("is the call's own where its signal is aborted and where its promise goes on", async () => {
    const storage = new AsyncLocalStorage<string>();
    const host = new TestPolicyHost();
    const timeout = createTimeout(100, host);
    const seen: unknown[] = [];
    const call = async (name: string) => {
      const attempt = new Attempt(1, undefined);
      attempt.signal.addEventListener('abort', () =>
        seen.push(['signal', name, storage.getStore()]),
      );
      await timeout
        .run(attempt, () => new Promise(() => {}))
        .catch(() => seen.push(['promise', name, storage.getStore()]));
    };
    const calls = ['one', 'two'].map(name =>
      storage.run(name, () => call(name)),
    );
    storage.run('clock', () => host.clock.advance(100));
    await Promise.all(calls);
    await settled();
    expect(seen).toEqual([
      ['signal', 'one', 'one'],
      ['signal', 'two', 'two'],
      ['promise', 'one', 'one'],
      ['promise', 'two', 'two'],
    ]);
  });
});
