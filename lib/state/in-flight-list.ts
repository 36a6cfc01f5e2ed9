import type { Admission } from './admission.js';

/**
 * The calls in flight that are timed, oldest first. Entering, leaving and
 * finding those that have become slow cost the same however many there are.
 *
 * A ring, so that a call that comes and goes alone moves one pointer of the list
 * and not three: each is a store that the garbage collector has to be told of
 * (`bench/`, "closed").
 */
export class InFlightList {
  /** Calls in flight that have run for longer than `slowAfterMs`. */
  slow = 0;
  /** Those of them that belong to the current generation and so count for its rules. */
  judgedSlow = 0;
  private generation = 0;
  /** Its `next` is the oldest. */
  private newest: Admission | undefined;
  /** The slow ones are the oldest. */
  private newestSlow: Admission | undefined;

  constructor(private slowAfterMs: number) {}

  /** Starts a generation: the calls of older ones no longer count for the rules. */
  startGeneration(generation: number): void {
    this.generation = generation;
    this.judgedSlow = 0;
  }

  enter(admission: Admission): void {
    const { newest } = this;
    if (newest === undefined) admission.previous = admission.next = admission;
    else {
      const oldest = newest.next!;
      admission.previous = newest;
      admission.next = oldest;
      newest.next = oldest.previous = admission;
    }
    this.newest = admission;
  }

  leave(admission: Admission): void {
    const previous = admission.previous!;
    const next = admission.next!;
    if (next === admission) this.newest = undefined;
    else {
      previous.next = next;
      next.previous = previous;
      if (admission === this.newest) this.newest = previous;
    }
    // A settled permit may be kept by its holder: it must not keep others alive.
    admission.previous = admission.next = undefined;
    if (!admission.isSlow) return;
    this.uncount(admission);
    if (admission === this.newestSlow) {
      this.newestSlow = this.slow === 0 ? undefined : previous;
    }
  }

  /** Counts the calls that have become slow since the last time. */
  advance(now: number): void {
    let each = this.oldestFast();
    while (each !== undefined && now - each.startedAt > this.slowAfterMs) {
      each.isSlow = true;
      this.slow++;
      if (each.generation === this.generation) this.judgedSlow++;
      this.newestSlow = each;
      each = this.oldestFast();
    }
  }

  /** Takes another bound and counts anew. */
  setSlowAfter(slowAfterMs: number, now: number): void {
    this.slowAfterMs = slowAfterMs;
    for (let each = this.newest?.next; each?.isSlow; each = each.next) {
      this.uncount(each);
    }
    this.newestSlow = undefined;
    this.advance(now);
  }

  private oldestFast(): Admission | undefined {
    const { newest, newestSlow } = this;
    if (newestSlow === undefined) return newest?.next;
    return newestSlow === newest ? undefined : newestSlow.next;
  }

  private uncount(admission: Admission): void {
    admission.isSlow = false;
    this.slow--;
    if (admission.generation === this.generation) this.judgedSlow--;
  }
}
