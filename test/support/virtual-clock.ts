import type { Clock } from '../../lib/state/clock.js';

/** A clock that only moves when told to; what was scheduled runs in order of time. */
export class VirtualClock implements Clock {
  private timers: { at: number; fn: () => void }[] = [];

  constructor(
    private time = 0,
    private readonly epoch = Date.UTC(2030, 0, 1),
  ) {}

  now(): number {
    return this.time;
  }

  wallTime(): number {
    return this.epoch + this.time;
  }

  schedule(delayMs: number, fn: () => void): () => void {
    const timer = { at: this.time + delayMs, fn };
    this.timers.push(timer);
    return () => {
      this.timers = this.timers.filter(other => other !== timer);
    };
  }

  /** How many timers wait. */
  get pending(): number {
    return this.timers.length;
  }

  /** Moves time on, running what falls due on the way. */
  advance(milliseconds: number): void {
    const end = this.time + milliseconds;
    for (;;) {
      const next = this.timers
        .filter(timer => timer.at <= end)
        .toSorted((a, b) => a.at - b.at)[0];
      if (next === undefined) break;
      this.timers.splice(this.timers.indexOf(next), 1);
      this.time = Math.max(this.time, next.at);
      next.fn();
    }
    this.time = end;
  }

  /** Sets the reading outright, backwards too; runs nothing. */
  set(milliseconds: number): void {
    this.time = milliseconds;
  }
}
