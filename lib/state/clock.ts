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

/** A clock that never steps back: what it says is held at its highest reading. */
class SteadyClock implements Clock {
  private latest = -Infinity;

  constructor(private readonly clock: Clock) {}

  now(): number {
    const reading = this.clock.now();
    if (reading > this.latest) this.latest = reading;
    return this.latest;
  }

  wallTime(): number {
    return this.clock.wallTime();
  }

  schedule(delayMs: number, fn: () => void): () => void {
    return this.clock.schedule(delayMs, fn);
  }
}

/** The same clock without its steps back; the process's own has none. */
export function steady(clock: Clock): Clock {
  return clock === systemClock ? clock : new SteadyClock(clock);
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
