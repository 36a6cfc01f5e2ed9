/** How long calls took, in milliseconds; null while there were none. */
export interface LatencySnapshot {
  readonly mean: number | null;
  readonly p50: number | null;
  readonly p90: number | null;
  readonly p99: number | null;
  readonly max: number | null;
}

/** How long one histogram is filled before the next one is begun. */
const SPAN_MS = 60_000;
/** Durations are counted in sixteenths of a millisecond. */
const TICKS_PER_MS = 16;
/** Eight steps for each doubling: a percentile is off by 6 % at most. */
const STEPS = 8;
const LARGEST_TICK = 2 ** 24 - 1;

/**
 * Percentiles of the last one to two minutes in bounded memory: two histograms
 * with steps that grow with the duration (after HdrHistogram), of which the
 * older is dropped each minute. Nothing is sorted and nothing is kept per call.
 */
export class Latency {
  // The first call begins one of its own.
  private current = EMPTY;
  private previous = EMPTY;
  private since = -Infinity;

  record(now: number, durationMs: number): void {
    this.age(now);
    this.current.add(durationMs);
  }

  snapshot(now: number): LatencySnapshot {
    this.age(now);
    const { current, previous } = this;
    const count = current.count + previous.count;
    if (count === 0) {
      return { mean: null, p50: null, p90: null, p99: null, max: null };
    }
    const min = Math.min(current.min, previous.min);
    const max = Math.max(current.max, previous.max);
    const percentile = (share: number) => {
      let slot = 0;
      let left = Math.ceil(share * count);
      while ((left -= current.at(slot) + previous.at(slot)) > 0) slot++;
      return Math.min(max, Math.max(min, middleOf(slot)));
    };
    return {
      mean: (current.sum + previous.sum) / count,
      p50: percentile(0.5),
      p90: percentile(0.9),
      p99: percentile(0.99),
      max,
    };
  }

  private age(now: number): void {
    const age = now - this.since;
    if (age < SPAN_MS) return;
    this.previous = age < 2 * SPAN_MS ? this.current : EMPTY;
    this.current = new Histogram();
    this.since = now;
  }
}

class Histogram {
  count = 0;
  // What they are of no call, as `Math` has it, and no small integers: fields that
  // turn from these into doubles leave the empty histogram with a layout of its own,
  // and all code that meets it slow (`bench/`, "closed, window of 100 and of 100,000").
  sum = -0;
  min = Infinity;
  max = -Infinity;
  /** Just as many as the longest call needs: ten thousand circuits that answer fast have few (`bench/`, "idle"). */
  private slots: number[] = [];

  add(durationMs: number): void {
    const slot = slotOf(Math.min(durationMs * TICKS_PER_MS, LARGEST_TICK) | 0);
    if (slot >= this.slots.length) this.slots = lengthen(this.slots, slot + 1);
    this.count++;
    this.sum += durationMs;
    this.min = Math.min(this.min, durationMs);
    this.max = Math.max(this.max, durationMs);
    this.slots[slot]!++;
  }

  at(slot: number): number {
    return this.slots[slot] ?? 0;
  }
}

const EMPTY = new Histogram();

/** Not by `push`, which leaves room for sixteen more. */
function lengthen(slots: readonly number[], length: number): number[] {
  return Array.from({ length }, (_, slot) => slots[slot] ?? 0);
}

/** The first eight ticks have a slot each, then each doubling has eight. */
function slotOf(ticks: number): number {
  const shift = 28 - Math.clz32(ticks | STEPS);
  return shift * STEPS + (ticks >>> shift);
}

function middleOf(slot: number): number {
  const shift = Math.max(0, Math.floor(slot / STEPS) - 1);
  return ((slot - shift * STEPS + 0.5) * 2 ** shift) / TICKS_PER_MS;
}
