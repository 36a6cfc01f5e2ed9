import {
  afterEach,
  beforeEach,
  describe,
  expect,
  it,
  jest,
} from '@jest/globals';
import { Alarm } from '../../lib/policies/alarm.js';
import { systemClock } from '../../lib/state/clock.js';
import { VirtualClock } from '../support/virtual-clock.js';

describe('an alarm on a clock of its own', () => {
  it('rings once, after the time that it was set to last', () => {
    const clock = new VirtualClock();
    const ring = jest.fn();
    const alarm = new Alarm(clock, ring);
    expect(alarm.isSet).toBe(false);
    alarm.set(50);
    alarm.set(100);
    expect(alarm.isSet).toBe(true);
    expect(clock.pending).toBe(1);
    clock.advance(99);
    expect(ring).not.toHaveBeenCalled();
    clock.advance(1_000);
    expect(ring).toHaveBeenCalledTimes(1);
    expect(alarm.isSet).toBe(false);
  });

  it('is no timer any more while it rests', () => {
    const clock = new VirtualClock();
    const alarm = new Alarm(clock, jest.fn());
    alarm.rest();
    alarm.wake();
    alarm.set(50);
    alarm.rest();
    expect([alarm.isSet, clock.pending]).toEqual([false, 0]);
  });
});

describe("an alarm on the system's clock", () => {
  beforeEach(() => void jest.useFakeTimers());
  afterEach(() => void jest.useRealTimers());

  it('is one timer, which rings once', () => {
    const ring = jest.fn();
    const alarm = new Alarm(systemClock, ring);
    alarm.rest();
    alarm.wake();
    expect(alarm.isSet).toBe(false);
    alarm.set(50);
    alarm.set(100);
    expect(alarm.isSet).toBe(true);
    expect(jest.getTimerCount()).toBe(1);
    jest.advanceTimersByTime(1_000);
    expect(ring).toHaveBeenCalledTimes(1);
    expect(alarm.isSet).toBe(false);
  });

  it('holds no process while it rests, and does again when it is woken', () => {
    const timer = { ref: jest.fn(), unref: jest.fn() };
    const before = globalThis.setTimeout;
    globalThis.setTimeout = (() => timer) as never;
    const alarm = new Alarm(systemClock, jest.fn());
    alarm.set(50);
    alarm.rest();
    expect(timer.unref).toHaveBeenCalledTimes(1);
    expect(alarm.isSet).toBe(true);
    alarm.wake();
    expect(timer.ref).toHaveBeenCalledTimes(1);
    globalThis.setTimeout = before;
  });

  it('is not set where a test suite has exchanged the timers', () => {
    const alarm = new Alarm(systemClock, jest.fn());
    alarm.set(50);
    jest.useRealTimers();
    expect(alarm.isSet).toBe(false);
  });
});
