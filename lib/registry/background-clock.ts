import { systemClock, type Clock } from '../state/clock.js';

/** The process's own time, whose timers hold no process back. */
export const backgroundClock: Clock = {
  ...systemClock,
  schedule(delayMs, fn) {
    const timer = setTimeout(fn, delayMs).unref();
    return () => clearTimeout(timer);
  },
};
