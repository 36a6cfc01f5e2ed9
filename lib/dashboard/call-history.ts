/** What is counted, in the order in which it is kept. */
export const HISTORY_SERIES = [
  'calls',
  'failures',
  'slow',
  'rejected',
  'fallbacks',
] as const;

/** One of the counters of a history. */
export type HistorySeries = (typeof HISTORY_SERIES)[number];

/** How many of each there were so far, or in one second. */
export type Counts = Readonly<Record<HistorySeries, number>>;

/** How many seconds are kept. */
const HISTORY_SECONDS = 300;

/** The last minutes as lists of equal length, oldest first. */
export type HistoryView = Readonly<Record<HistorySeries, number[]>> & {
  /** The seconds that one entry stands for. */
  readonly step: number;
  /** When the last entry ends, in milliseconds since the epoch. */
  readonly until: number;
};

/** A circuit's counters for each of the last 300 seconds, in 6 KB. Seconds are numbered; those without calls cost nothing. */
export class CallHistory {
  private readonly counts = new Uint32Array(
    HISTORY_SECONDS * HISTORY_SERIES.length,
  );
  private last = 0;

  /** Adds to a second; none may come before the latest. */
  add(second: number, counts: Counts): void {
    this.clearUntil(second);
    this.last = second;
    const at = placeOf(second);
    HISTORY_SERIES.forEach((series, index) => {
      this.counts[at + index]! += counts[series];
    });
  }

  /** Whether everything in it is older than what is shown. */
  isStale(second: number): boolean {
    return second - this.last >= HISTORY_SECONDS;
  }

  /**
   * @param second the latest second, with or without an entry
   * @param until when it ended, in milliseconds since the epoch
   * @param step how many seconds are added up in one entry
   */
  view(second: number, until: number, step: number): HistoryView {
    const entries = Math.floor(HISTORY_SECONDS / step);
    const [calls, failures, slow, rejected, fallbacks] = HISTORY_SERIES.map(
      (_, index) =>
        Array.from({ length: entries }, (__, entry) => {
          const end = second - (entries - 1 - entry) * step;
          let sum = 0;
          for (let each = end - step + 1; each <= end; each++) {
            sum += this.at(each, index);
          }
          return sum;
        }),
    ) as [number[], number[], number[], number[], number[]];
    return { step, until, calls, failures, slow, rejected, fallbacks };
  }

  private at(second: number, index: number): number {
    return second < 0 || second > this.last
      ? 0
      : this.counts[placeOf(second) + index]!;
  }

  /** Empties what the ring has kept from its last round. */
  private clearUntil(second: number): void {
    const from = Math.max(this.last + 1, second - HISTORY_SECONDS);
    for (let each = from; each <= second; each++) {
      const at = placeOf(each);
      this.counts.fill(0, at, at + HISTORY_SERIES.length);
    }
  }
}

function placeOf(second: number): number {
  return (second % HISTORY_SECONDS) * HISTORY_SERIES.length;
}
