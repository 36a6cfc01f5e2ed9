import type { ModelRules } from './model-rules.js';

interface Entry {
  at: number;
  failed: boolean;
  slow: boolean;
}

/** Every call since the window began; what counts of them is found when asked. */
export class ModelWindow {
  private entries: Entry[] = [];
  private failuresInARow: Entry[] = [];

  constructor(private readonly rules: () => ModelRules['window']) {}

  /** A streak is over when the last failure of it no longer counts. */
  add(entry: Entry): void {
    this.entries.push(entry);
    const last = this.failuresInARow.at(-1);
    if (last && !this.isVisible(last, entry.at)) this.endStreak();
  }

  addToStreak(entry: Entry): void {
    this.failuresInARow.push(entry);
  }

  endStreak(): void {
    this.failuresInARow = [];
  }

  get streak(): number {
    return this.failuresInARow.length;
  }

  /** Another size or type: the entries go, the streak stays. */
  empty(): void {
    this.entries = [];
  }

  counts(now: number) {
    const rules = this.rules();
    const latest =
      rules.type === 'count' ? this.entries.slice(-rules.size) : this.entries;
    const visible = latest.filter(entry => this.isVisible(entry, now));
    // What has aged out stays out, also when maxAge grows.
    this.entries = visible;
    return {
      calls: visible.length,
      failures: visible.filter(({ failed }) => failed).length,
      slow: visible.filter(({ slow }) => slow).length,
    };
  }

  private isVisible({ at }: Entry, now: number): boolean {
    const rules = this.rules();
    if (rules.type === 'count') {
      return rules.maxAge === false || now - at <= rules.maxAge;
    }
    const bucket = (time: number) =>
      Math.floor((time * rules.buckets) / rules.duration);
    return bucket(now) - bucket(at) < rules.buckets;
  }
}
