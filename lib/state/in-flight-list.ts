import type { Admission } from './admission.js';

/**
 * The calls in flight that are timed, oldest first. Entering, leaving and
 * finding those that have become slow cost the same however many there are.
 */
export class InFlightList {
  /** Calls in flight that have run for longer than `slowAfterMs`. */
  slow = 0;
  /** Those of them that belong to the current generation and so count for its rules. */
  judgedSlow = 0;
  private generation = 0;
  private first: Admission | undefined;
  private last: Admission | undefined;
  /** The oldest call that is not slow yet. */
  private firstFast: Admission | undefined;

  constructor(private slowAfterMs: number) {}

  /** Starts a generation: the calls of older ones no longer count for the rules. */
  startGeneration(generation: number): void {
    this.generation = generation;
    this.judgedSlow = 0;
  }

  enter(admission: Admission): void {
    const { last } = this;
    if (last === undefined) this.first = admission;
    else {
      last.next = admission;
      admission.previous = last;
    }
    this.last = admission;
    this.firstFast ??= admission;
  }

  leave(admission: Admission): void {
    const { previous, next } = admission;
    if (admission === this.firstFast) this.firstFast = next;
    if (previous === undefined) this.first = next;
    else previous.next = next;
    if (next === undefined) this.last = previous;
    else next.previous = previous;
    // A settled permit may be kept by its holder: it must not keep others alive.
    admission.previous = admission.next = undefined;
    if (admission.isSlow) this.uncount(admission);
  }

  /** Counts the calls that have become slow since the last time. */
  advance(now: number): void {
    let each = this.firstFast;
    while (each !== undefined && now - each.startedAt > this.slowAfterMs) {
      each.isSlow = true;
      this.slow++;
      if (each.generation === this.generation) this.judgedSlow++;
      each = each.next;
    }
    this.firstFast = each;
  }

  /** Takes another bound and counts anew. */
  setSlowAfter(slowAfterMs: number, now: number): void {
    this.slowAfterMs = slowAfterMs;
    for (
      let each = this.first;
      each !== undefined && each.isSlow;
      each = each.next
    ) {
      this.uncount(each);
    }
    this.firstFast = this.first;
    this.advance(now);
  }

  private uncount(admission: Admission): void {
    admission.isSlow = false;
    this.slow--;
    if (admission.generation === this.generation) this.judgedSlow--;
  }
}
