import type { AlignedData } from 'uplot';
import { HISTORY_SERIES, type HistoryView } from '../call-history.js';
import { NOTHING, type Counters } from './recent-calls.js';

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

  /** As columns: times, calls with the refused ones, calls, failures, slow, fallbacks. Where there is nothing to see, nothing is drawn. */
  columns(now: number): AlignedData {
    const first = firstSecond(now);
    const seconds = Array.from({ length: KEPT }, (_, index) => first + index);
    const each = (value: (counters: Counters) => number) =>
      seconds.map(second => value(this.counters.get(second) ?? NOTHING));
    const refused = each(({ rejected }) => rejected);
    const calls = each(counters => counters.calls);
    return [
      seconds,
      withoutIdle(refused).map((count, index) =>
        count === null ? null : count + calls[index]!,
      ),
      calls,
      withoutIdle(each(({ failures }) => failures)),
      withoutIdle(each(({ slow }) => slow)),
      withoutIdle(each(({ fallbacks }) => fallbacks)),
    ];
  }
}

/** Zeros stay beside what is not zero, so that a peak has its slopes. */
function withoutIdle(counts: readonly number[]): (number | null)[] {
  return counts.map((count, index) =>
    count === 0 && !counts[index - 1] && !counts[index + 1] ? null : count,
  );
}

function firstSecond(now: number): number {
  return Math.round(now / 1_000) - KEPT + 1;
}
