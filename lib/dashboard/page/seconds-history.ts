import { HISTORY_SERIES, type HistoryView } from '../call-history.js';
import type { Counters } from './recent-calls.js';

/** As many seconds as the server keeps. */
const KEPT = 300;

/** The last five minutes of one circuit, second by second: what the server knows, and what came since. */
export class SecondsHistory {
  private readonly counters = new Map<number, Counters>();

  /** Begins anew with what the server has kept. */
  load(history: HistoryView | undefined): void {
    this.counters.clear();
    if (history === undefined) return;
    const last = Math.round(history.until / 1_000);
    history.calls.forEach((_, index) => {
      const counters = Object.fromEntries(
        HISTORY_SERIES.map(series => [series, history[series][index]!]),
      ) as Counters;
      this.counters.set(last - (history.calls.length - 1 - index), counters);
    });
  }

  add(at: number, added: Counters): void {
    const second = Math.round(at / 1_000);
    this.counters.set(second, added);
    for (const each of this.counters.keys()) {
      if (each <= second - KEPT) this.counters.delete(each);
    }
  }

  /** What was counted in one column. */
  at(index: number, now: number): Counters {
    return this.counters.get(firstSecond(now) + index) ?? NOTHING;
  }

  /** As columns: times, calls with the refused ones, calls, failures, slow, fallbacks. */
  columns(
    now: number,
  ): [number[], number[], number[], number[], number[], number[]] {
    const columns: [
      number[],
      number[],
      number[],
      number[],
      number[],
      number[],
    ] = [[], [], [], [], [], []];
    const first = firstSecond(now);
    for (let second = first; second < first + KEPT; second++) {
      const { calls, rejected, failures, slow, fallbacks } =
        this.counters.get(second) ?? NOTHING;
      columns[0].push(second);
      columns[1].push(calls + rejected);
      columns[2].push(calls);
      columns[3].push(failures);
      columns[4].push(slow);
      columns[5].push(fallbacks);
    }
    return columns;
  }
}

function firstSecond(now: number): number {
  return Math.round(now / 1_000) - KEPT + 1;
}

const NOTHING: Counters = {
  calls: 0,
  failures: 0,
  slow: 0,
  rejected: 0,
  fallbacks: 0,
};
