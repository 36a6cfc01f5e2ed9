import type { CallWindow, Mark } from './call-window.js';
import type { WindowRules } from './circuit-options.js';

type TimeRules = Extract<WindowRules, { type: 'time' }>;

/** How many figures a bucket holds: calls, failures, slow calls. */
const FIGURES = 3;

/**
 * The calls of the latest `duration`, summed in whole buckets: a bucket goes as
 * a whole once its first instant is `duration` old.
 */
export class TimeWindow implements CallWindow {
  calls = 0;
  failures = 0;
  slow = 0;
  private readonly duration: number;
  private readonly buckets: number;
  // Made at the first record, like a count window's ring.
  private figures: Uint32Array | undefined;
  /** The number of the newest bucket, counted from time zero. */
  private newest = -Infinity;

  constructor(rules: TimeRules) {
    this.duration = rules.duration;
    this.buckets = rules.buckets;
  }

  record(now: number, mark: Mark): void {
    const figures = (this.figures ??= new Uint32Array(this.buckets * FIGURES));
    this.age(now);
    const at = this.slotOf(this.newest);
    const failed = mark & 1;
    const slow = mark >> 1;
    figures[at]!++;
    figures[at + 1]! += failed;
    figures[at + 2]! += slow;
    this.calls++;
    this.failures += failed;
    this.slow += slow;
  }

  age(now: number): void {
    const bucket = this.bucketOf(now);
    if (bucket <= this.newest) return;
    if (this.calls > 0) {
      const first = Math.max(this.newest, bucket - this.buckets) + 1;
      for (let each = first; each <= bucket; each++) {
        this.drop(this.slotOf(each));
      }
    }
    this.newest = bucket;
  }

  forgets(at: number, now: number): boolean {
    return this.bucketOf(now) - this.bucketOf(at) >= this.buckets;
  }

  adopt(rules: WindowRules): boolean {
    return (
      rules.type === 'time' &&
      rules.duration === this.duration &&
      rules.buckets === this.buckets
    );
  }

  /** Multiplied before it is divided: whole milliseconds then give exact bounds. */
  private bucketOf(time: number): number {
    return Math.floor((time * this.buckets) / this.duration);
  }

  /** Where a bucket's figures begin; an injected clock may start below zero. */
  private slotOf(bucket: number): number {
    const slot = bucket % this.buckets;
    return (slot < 0 ? slot + this.buckets : slot) * FIGURES;
  }

  private drop(at: number): void {
    const figures = this.figures!;
    this.calls -= figures[at]!;
    this.failures -= figures[at + 1]!;
    this.slow -= figures[at + 2]!;
    figures.fill(0, at, at + FIGURES);
  }
}
