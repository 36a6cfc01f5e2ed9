/**
 * Where a circuit's time comes from. Inject another one to test without waiting.
 */
export interface Clock {
  /** Monotonic milliseconds, fractions allowed; only differences matter. */
  now(): number;
  /** Milliseconds since the epoch; only for what people read. */
  wallTime(): number;
  /** Calls `fn` once after `delayMs` milliseconds, unless the answer is called first. */
  schedule(delayMs: number, fn: () => void): () => void;
}

/** The process's own time: `performance.now()`, `Date.now()` and `setTimeout`. */
export const systemClock: Clock = {
  now: () => performance.now(),
  wallTime: () => Date.now(),
  schedule(delayMs, fn) {
    const timer = setTimeout(fn, delayMs);
    return () => clearTimeout(timer);
  },
};
