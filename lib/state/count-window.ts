import type { CallWindow, Mark } from './call-window.js';
import type { WindowRules } from './circuit-options.js';

type CountRules = Extract<WindowRules, { type: 'count' }>;

/**
 * The latest `size` calls, as a ring. One that ended longer than `maxAge` ago no
 * longer counts; exactly `maxAge` ago it still does.
 */
export class CountWindow implements CallWindow {
  calls = 0;
  failures = 0;
  slow = 0;
  private readonly size: number;
  private maxAge: number;
  private oldest = 0;
  // Lists that grow with the calls, to `size` at most, and are made at the first
  // one: most circuits of a large application are idle (`bench/`, "idle").
  private endedAt = NONE;
  /** Those of {@link MARKS_IN_WORD} calls in a number. */
  private marks = NONE;

  constructor(rules: CountRules) {
    this.size = rules.size;
    this.maxAge = maxAgeOf(rules);
  }

  record(now: number, mark: Mark): void {
    if (this.endedAt === NONE) {
      // Not empty: a list that grows leaves room for sixteen more.
      this.endedAt = [now];
      this.marks = [mark];
    }
    this.age(now);
    if (this.calls === this.size) this.dropOldest();
    const slot = this.slot(this.calls);
    this.endedAt[slot] = now;
    this.setMark(slot, mark);
    this.calls++;
    this.failures += mark & 1;
    this.slow += mark >> 1;
  }

  age(now: number): void {
    while (this.calls > 0 && now - this.endedAt[this.oldest]! > this.maxAge) {
      this.dropOldest();
    }
  }

  forgets(at: number, now: number): boolean {
    return now - at > this.maxAge;
  }

  adopt(rules: WindowRules): boolean {
    if (rules.type !== 'count' || rules.size !== this.size) return false;
    this.maxAge = maxAgeOf(rules);
    return true;
  }

  private dropOldest(): void {
    const mark = this.markOf(this.oldest);
    this.failures -= mark & 1;
    this.slow -= mark >> 1;
    this.calls--;
    this.oldest = this.slot(1);
  }

  private markOf(slot: number): number {
    return (this.marks[slot >> WORD_BITS]! >> shiftOf(slot)) & 3;
  }

  private setMark(slot: number, mark: Mark): void {
    const word = slot >> WORD_BITS;
    const others = (this.marks[word] ?? 0) & ~(3 << shiftOf(slot));
    this.marks[word] = others | (mark << shiftOf(slot));
  }

  /** The place of the `index`th entry, counted from the oldest. */
  private slot(index: number): number {
    const slot = this.oldest + index;
    return slot < this.size ? slot : slot - this.size;
  }
}

/** Nothing was recorded yet. */
const NONE: number[] = [];

/** A mark has two bits, and a number in a list of small integers holds 31. */
const MARKS_IN_WORD = 8;
const WORD_BITS = Math.log2(MARKS_IN_WORD);

function shiftOf(slot: number): number {
  return (slot % MARKS_IN_WORD) * 2;
}

function maxAgeOf({ maxAge }: CountRules): number {
  return maxAge === false ? Infinity : maxAge;
}
