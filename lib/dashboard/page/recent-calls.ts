import type { HistorySeries, HistoryView } from '../call-history.js';
import type { CircuitFigures } from '../circuit-view.js';

/** The counters of a span of time. */
export type Counters = Record<HistorySeries, number>;

type Totals = CircuitFigures['totals'];

/** Seconds in one entry, and how many entries there are: five minutes. */
const STEP_SECONDS = 5;
const ENTRIES = 60;

/** The last five minutes of a circuit in steps of five seconds, continued from its totals. */
export class RecentCalls {
  /** One entry for each step that had calls, by the number of the step. */
  private readonly steps = new Map<number, Counters>();

  constructor(
    private totals: Totals,
    history: HistoryView | undefined,
  ) {
    if (history === undefined) return;
    const count = history.calls.length;
    for (let index = 0; index < count; index++) {
      const end = history.until - (count - 1 - index) * history.step * 1_000;
      this.spread(end, history.step * 1_000, {
        calls: history.calls[index]!,
        failures: history.failures[index]!,
        slow: history.slow[index]!,
        rejected: history.rejected[index]!,
        fallbacks: history.fallbacks[index]!,
      });
    }
  }

  /**
   * Takes the totals of a moment.
   *
   * @returns what was added since the moment before
   */
  continue(totals: Totals, at: number): Counters {
    const before = this.totals;
    const added: Counters = {
      calls: totals.calls - before.calls,
      failures: totals.failures - before.failures,
      slow: totals.slow - before.slow,
      rejected: totals.rejected - before.rejected,
      fallbacks: totals.fallbacks - before.fallbacks,
    };
    this.totals = totals;
    this.add(at - 1, added);
    return added;
  }

  /** What happened from a moment on, to the step; what is older than five minutes is forgotten. */
  sumSince(at: number, now: number): Counters {
    const sum = nothing();
    const latest = stepOf(now);
    // A step that began before the moment is left out, unless there is no other.
    const first = Math.min(stepOf(at) + 1, latest);
    for (let step = Math.max(first, latest - ENTRIES); step <= latest; step++) {
      const entry = this.steps.get(step);
      if (entry !== undefined) addTo(sum, entry);
    }
    return sum;
  }

  /** Calls a second, over the last ten seconds or so; refused ones apart. */
  rates(now: number): { calls: number; rejected: number } {
    const { calls, rejected } = this.sumSince(
      now - 3 * STEP_SECONDS * 1_000,
      now,
    );
    const seconds = 2 * STEP_SECONDS + ((now / 1_000) % STEP_SECONDS);
    return { calls: calls / seconds, rejected: rejected / seconds };
  }

  /** As columns: times in seconds, calls with the refused ones, calls, failures. */
  columns(now: number): [number[], number[], number[], number[]] {
    const columns: [number[], number[], number[], number[]] = [[], [], [], []];
    const latest = stepOf(now);
    for (let step = latest - ENTRIES + 1; step <= latest; step++) {
      const { calls, rejected, failures } = this.steps.get(step) ?? NOTHING;
      columns[0].push(step * STEP_SECONDS);
      columns[1].push(calls + rejected);
      columns[2].push(calls);
      columns[3].push(failures);
    }
    return columns;
  }

  /** The server's steps begin at another moment than ours: an entry is divided between the two that it meets. */
  private spread(end: number, duration: number, counters: Counters): void {
    const late = { ...counters };
    const early = { ...counters };
    const share = Math.min(1, (end - startOf(stepOf(end - 1))) / duration);
    for (const series of Object.keys(late) as HistorySeries[]) {
      late[series] = Math.round(counters[series] * share);
      early[series] -= late[series];
    }
    this.add(end - duration, early);
    this.add(end - 1, late);
  }

  private add(at: number, added: Counters): void {
    if (added.calls + added.rejected + added.fallbacks === 0) return;
    const step = stepOf(at);
    const entry = this.steps.get(step);
    if (entry === undefined) this.steps.set(step, { ...added });
    else addTo(entry, added);
    for (const each of this.steps.keys()) {
      if (each <= step - ENTRIES) this.steps.delete(each);
    }
  }
}

function stepOf(at: number): number {
  return Math.floor(at / (STEP_SECONDS * 1_000));
}

function startOf(step: number): number {
  return step * STEP_SECONDS * 1_000;
}

function nothing(): Counters {
  return { calls: 0, failures: 0, slow: 0, rejected: 0, fallbacks: 0 };
}

/** The counters of a span without calls. */
export const NOTHING: Readonly<Counters> = nothing();

function addTo(sum: Counters, added: Counters): void {
  sum.calls += added.calls;
  sum.failures += added.failures;
  sum.slow += added.slow;
  sum.rejected += added.rejected;
  sum.fallbacks += added.fallbacks;
}
