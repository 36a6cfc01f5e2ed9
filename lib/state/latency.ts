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
const SLOTS = slotOf(LARGEST_TICK) + 1;

/**
 * Percentiles of the last one to two minutes in bounded memory: two histograms
 * with steps that grow with the duration (after HdrHistogram), of which the
 * older is dropped each minute. Nothing is sorted and nothing is kept per call.
 */
export class Latency {
  private current = new Histogram();
  private previous: Histogram | undefined;
  private since = -Infinity;

  record(now: number, durationMs: number): void {
    if (now - this.since >= SPAN_MS) this.rotate(now);
    this.current.add(durationMs);
  }

  snapshot(now: number): LatencySnapshot {
    if (now - this.since >= SPAN_MS) this.rotate(now);
    const { current, previous } = this;
    const count = current.count + (previous?.count ?? 0);
    if (count === 0) {
      return { mean: null, p50: null, p90: null, p99: null, max: null };
    }
    const min = Math.min(current.min, previous?.min ?? Infinity);
    const max = Math.max(current.max, previous?.max ?? 0);
    const percentile = (share: number) => {
      let left = Math.ceil(share * count);
      for (let slot = 0; slot < SLOTS; slot++) {
        left -= current.at(slot) + (previous?.at(slot) ?? 0);
        if (left <= 0) return Math.min(max, Math.max(min, middleOf(slot)));
      }
      return max;
    };
    return {
      mean: (current.sum + (previous?.sum ?? 0)) / count,
      p50: percentile(0.5),
      p90: percentile(0.9),
      p99: percentile(0.99),
      max,
    };
  }

  private rotate(now: number): void {
    const stale = now - this.since >= 2 * SPAN_MS;
    this.previous =
      stale || this.current.count === 0 ? undefined : this.current;
    if (this.current.count > 0) this.current = new Histogram();
    this.since = now;
  }
}

class Histogram {
  count = 0;
  sum = 0;
  min = Infinity;
  max = 0;
  // Made at the first call: an idle circuit has none.
  private slots: Uint32Array | undefined;

  add(durationMs: number): void {
    const slots = (this.slots ??= new Uint32Array(SLOTS));
    this.count++;
    this.sum += durationMs;
    if (durationMs < this.min) this.min = durationMs;
    if (durationMs > this.max) this.max = durationMs;
    slots[slotOf(Math.min(durationMs * TICKS_PER_MS, LARGEST_TICK) | 0)]!++;
  }

  at(slot: number): number {
    return this.slots === undefined ? 0 : this.slots[slot]!;
  }
}

/** The first eight ticks have a slot each, then each doubling has eight. */
function slotOf(ticks: number): number {
  if (ticks < STEPS) return ticks;
  const doubling = 31 - Math.clz32(ticks);
  return (doubling - 2) * STEPS + ((ticks >>> (doubling - 3)) & (STEPS - 1));
}

function middleOf(slot: number): number {
  if (slot < STEPS) return (slot + 0.5) / TICKS_PER_MS;
  const doubling = Math.floor(slot / STEPS) + 2;
  const width = 2 ** (doubling - 3);
  return (2 ** doubling + ((slot % STEPS) + 0.5) * width) / TICKS_PER_MS;
}
