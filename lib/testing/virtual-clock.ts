import type { Clock } from '../state/clock.js';
import { parseDuration, type Duration } from '../state/option.js';
import { quote } from '../state/quote.js';

interface Timer {
  readonly at: number;
  readonly fn: () => void;
}

/** Taken at import: a test runner's fake timers replace it later. */
const { setImmediate: nextTurn } = globalThis;

/** More timers in a row than any call needs: something schedules itself again and again. */
const MOST_TIMERS = 10_000;

/** What a clock shows at first unless told otherwise: the same in every run. */
const DEFAULT_START = Date.UTC(2030, 0, 1);

/**
 * A clock that only moves when it is told to. Everything of a circuit that takes
 * time is on it: open waits, windows, timeouts, deadlines, retries, queues, caches.
 *
 * @example
 * const clock = new VirtualClock();
 * const circuit = new Circuit('rates', { openDuration: '30s' }, { clock });
 * await clock.advance('30s');
 */
export class VirtualClock implements Clock {
  private readonly startAt: number;
  private timers: Timer[] = [];
  private time = 0;
  private isMoving = false;

  /**
   * @param startAt what {@link wallTime} says at first @default 1 January 2030, UTC
   */
  constructor(startAt: Date | number = DEFAULT_START) {
    this.startAt = Number(startAt);
  }

  /** Milliseconds since the clock was made. */
  now(): number {
    return this.time;
  }

  /** Milliseconds since the epoch. */
  wallTime(): number {
    return this.startAt + this.time;
  }

  /** Calls `fn` when time has moved on by `delayMs`, unless the answer is called first. */
  schedule(delayMs: number, fn: () => void): () => void {
    const timer = { at: this.time + Math.max(0, delayMs), fn };
    this.timers.push(timer);
    return () => {
      this.timers = this.timers.filter(other => other !== timer);
    };
  }

  /** How many timers wait: timeouts, retries, places in a queue. */
  get pending(): number {
    return this.timers.length;
  }

  /**
   * Moves time on. What falls due on the way runs at its own instant, in order,
   * and what promises bring about in between is waited for: so a retry that is
   * scheduled on the way still happens on the way.
   *
   * A call that is rejected on the way needs somebody who waits for it, as
   * everywhere in Node: see {@link runUntil}.
   *
   * @param duration milliseconds, or a string such as `'30s'`
   * @throws TypeError (as a rejection) if it is no duration
   * @throws Error (as a rejection) while another move goes on: each is to be awaited
   */
  async advance(duration: Duration): Promise<void> {
    const milliseconds = parseDuration(duration);
    if (!Number.isFinite(milliseconds) || milliseconds! < 0) {
      throw new TypeError(
        `VirtualClock.advance(): got ${quote(duration)}, takes a duration: milliseconds, or a string such as '30s'.`,
      );
    }
    await this.move(async () => {
      await settle();
      const end = this.time + milliseconds!;
      while (this.runNext(end)) await settle();
      this.time = end;
      await settle();
    });
  }

  /**
   * Moves time on, from timer to timer, until a promise is settled, however long
   * its timeouts and retries take.
   *
   * @returns what the promise answers
   * @throws whatever it rejects with
   * @throws Error if nothing is scheduled, or timers never end, and the promise is still not settled
   * @example
   * await expect(clock.runUntil(payments.charge(order))).rejects.toThrow('timed out');
   */
  async runUntil<T>(promise: PromiseLike<T>): Promise<T> {
    let isSettled = false;
    const done = () => {
      isSettled = true;
    };
    // Listened to at once: a rejection on the way is expected.
    promise.then(done, done);
    let timers = 0;
    await this.move(async () => {
      await settle();
      // Settled while we wait.
      // oxlint-disable-next-line no-unmodified-loop-condition
      while (!isSettled && timers < MOST_TIMERS && this.runNext(Infinity)) {
        timers++;
        await settle();
      }
    });
    if (!isSettled) throw new Error(unsettled(timers));
    return promise;
  }

  /** Waits for what promises bring about at this instant; time stands still. */
  async settle(): Promise<void> {
    await settle();
  }

  private async move(work: () => Promise<void>): Promise<void> {
    if (this.isMoving) {
      throw new Error(
        'VirtualClock: time is being moved already. Await each advance() and runUntil() before the next.',
      );
    }
    this.isMoving = true;
    try {
      await work();
    } finally {
      this.isMoving = false;
    }
  }

  /** Runs the timer that is due first; false if there is none until then. */
  private runNext(end: number): boolean {
    let next: Timer | undefined;
    for (const timer of this.timers) {
      if (timer.at <= end && (next === undefined || timer.at < next.at)) {
        next = timer;
      }
    }
    if (next === undefined) return false;
    this.timers.splice(this.timers.indexOf(next), 1);
    this.time = Math.max(this.time, next.at);
    next.fn();
    return true;
  }
}

/** A turn of the event loop: every promise that is ready has been followed by then. */
function settle(): Promise<void> {
  return new Promise(resolve => {
    nextTurn(resolve);
  });
}

function unsettled(timers: number): string {
  return timers < MOST_TIMERS
    ? 'VirtualClock.runUntil(): the promise is not settled and nothing is scheduled on this clock. It waits for something else, such as a real request, or hangs without a timeout.'
    : `VirtualClock.runUntil(): the promise is not settled after ${MOST_TIMERS} timers. Something else on this clock repeats for ever: use advance().`;
}
