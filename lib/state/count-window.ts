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
  // Made at the first record: most circuits of a large application are idle.
  private marks: Uint8Array | undefined;
  private endedAt: Float64Array | undefined;

  constructor(rules: CountRules) {
    this.size = rules.size;
    this.maxAge = maxAgeOf(rules);
  }

  record(now: number, mark: Mark): void {
    if (this.marks === undefined) this.makeRoom();
    this.age(now);
    if (this.calls === this.size) this.dropOldest();
    const slot = this.slot(this.calls);
    this.marks![slot] = mark;
    this.endedAt![slot] = now;
    this.calls++;
    this.failures += mark & 1;
    this.slow += mark >> 1;
  }

  age(now: number): void {
    while (this.calls > 0 && now - this.endedAt![this.oldest]! > this.maxAge) {
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

  /** One buffer for both. */
  private makeRoom(): void {
    const { size } = this;
    const room = new ArrayBuffer(size * (Float64Array.BYTES_PER_ELEMENT + 1));
    this.endedAt = new Float64Array(room, 0, size);
    this.marks = new Uint8Array(room, this.endedAt.byteLength);
  }

  private dropOldest(): void {
    const mark = this.marks![this.oldest]!;
    this.failures -= mark & 1;
    this.slow -= mark >> 1;
    this.calls--;
    this.oldest = this.slot(1);
  }

  /** The place of the `index`th entry, counted from the oldest. */
  private slot(index: number): number {
    const slot = this.oldest + index;
    return slot < this.size ? slot : slot - this.size;
  }
}

function maxAgeOf({ maxAge }: CountRules): number {
  return maxAge === false ? Infinity : maxAge;
}
