import { getEventListeners } from 'node:events';
import { describe, expect, it, jest } from '@jest/globals';
import { sleep, sleep$ } from '../../lib/policies/sleep.js';
import { VirtualClock } from '../support/virtual-clock.js';

/** A sleep of 100 ms, with what ends it early. */
function setUp(caller?: AbortSignal) {
  const clock = new VirtualClock();
  const unregister = jest.fn();
  let wake!: () => void;
  const waker = jest.fn((wakeUp: () => void) => {
    wake = wakeUp;
    return unregister;
  });
  const told = { ended: jest.fn(), failed: jest.fn() };
  const subscription = sleep$(clock, 100, caller, waker).subscribe({
    complete: told.ended,
    error: told.failed,
  });
  return { clock, waker, unregister, wake, ...told, subscription };
}

const listeners = (signal: AbortSignal) =>
  getEventListeners(signal, 'abort').length;

describe('a sleep', () => {
  it('ends when the time is up, and leaves nothing', () => {
    const caller = new AbortController();
    const { clock, ended, unregister } = setUp(caller.signal);
    clock.advance(99);
    expect(ended).not.toHaveBeenCalled();
    expect(listeners(caller.signal)).toBe(1);
    clock.advance(1);
    expect(ended).toHaveBeenCalledTimes(1);
    expect(unregister).toHaveBeenCalledTimes(1);
    expect(listeners(caller.signal)).toBe(0);
  });

  it('ends early when it is woken', () => {
    const { clock, wake, ended, unregister } = setUp();
    wake();
    expect(ended).toHaveBeenCalledTimes(1);
    expect(unregister).toHaveBeenCalledTimes(1);
    expect(clock.pending).toBe(0);
  });

  it("ends with the reason of the caller's abort", () => {
    const caller = new AbortController();
    const { clock, failed, unregister } = setUp(caller.signal);
    caller.abort('gone');
    expect(failed.mock.calls).toEqual([['gone']]);
    expect(unregister).toHaveBeenCalledTimes(1);
    expect([clock.pending, listeners(caller.signal)]).toEqual([0, 0]);
  });

  it('does not begin when the caller has gone', () => {
    const { clock, waker, failed } = setUp(AbortSignal.abort('gone'));
    expect(failed.mock.calls).toEqual([['gone']]);
    expect(waker).not.toHaveBeenCalled();
    expect(clock.pending).toBe(0);
  });

  it('leaves nothing when nobody waits any more', () => {
    const caller = new AbortController();
    const { clock, unregister, subscription } = setUp(caller.signal);
    subscription.unsubscribe();
    expect(unregister).toHaveBeenCalledTimes(1);
    expect([clock.pending, listeners(caller.signal)]).toEqual([0, 0]);
  });

  it('is a promise, too', async () => {
    const clock = new VirtualClock();
    const slept = sleep(clock, 100, undefined, () => () => {});
    clock.advance(100);
    await expect(slept).resolves.toBeUndefined();
    await expect(
      sleep(clock, 100, AbortSignal.abort('gone'), () => () => {}),
    ).rejects.toBe('gone');
  });
});
