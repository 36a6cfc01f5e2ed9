import type { Clock } from '../state/clock.js';
import type { AbortScope } from './abort-scope.js';
import { Alarm } from './alarm.js';

/**
 * Work that must end within one and the same time, in the order in which it
 * began, which is the order in which it falls due: so one timer serves all of it,
 * and entering and leaving cost a few nanoseconds, however much is under way
 * (`bench/`, "with a timeout").
 */
export class ExpiryQueue {
  private first: AbortScope | undefined;
  private last: AbortScope | undefined;
  private readonly alarm: Alarm;

  /**
   * @param milliseconds the time that each piece of work has
   * @param expire ends one whose time is up; it has left the queue by then
   */
  constructor(
    private readonly milliseconds: number,
    private readonly clock: Clock,
    private readonly expire: (scope: AbortScope) => void,
  ) {
    this.alarm = new Alarm(clock, () => this.ring());
  }

  /** @param now the clock's reading, for those who have it at hand */
  enter(scope: AbortScope, now = this.clock.now()): void {
    scope.expiresAt = now + this.milliseconds;
    scope.previous = this.last;
    if (this.last === undefined) this.first = scope;
    else this.last.next = scope;
    this.last = scope;
    scope.isQueued = true;
    if (!this.alarm.isSet) this.alarm.set(this.milliseconds);
    else if (this.first === scope) this.alarm.wake();
  }

  /** Does nothing for what is not in the queue. */
  leave(scope: AbortScope): void {
    if (!scope.isQueued) return;
    const { previous, next } = scope;
    if (previous === undefined) this.first = next;
    else previous.next = next;
    if (next === undefined) this.last = previous;
    else next.previous = previous;
    scope.previous = undefined;
    scope.next = undefined;
    scope.isQueued = false;
    if (this.first === undefined) this.alarm.rest();
  }

  private ring(): void {
    const now = this.clock.now();
    let due = this.first;
    while (due !== undefined && due.expiresAt <= now) {
      this.leave(due);
      this.expire(due);
      due = this.first;
    }
    // Whole milliseconds, because timers cut fractions off and would ring early.
    // What began meanwhile may have set it, too late for what is still under way.
    if (due !== undefined) this.alarm.set(Math.ceil(due.expiresAt - now));
  }
}
