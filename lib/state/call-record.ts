import type { Ending } from './admission.js';
import {
  createWindow,
  FAILED,
  SLOW,
  type CallWindow,
  type Mark,
} from './call-window.js';
import type { WindowRules } from './circuit-options.js';
import { Latency } from './latency.js';

/** How a call that counts can end. */
export type CountedEnding = Exclude<Ending, 'ignored'>;

/** What has become of a circuit's calls since it was made. `calls` = successes + failures + ignored. */
export interface Totals {
  calls: number;
  successes: number;
  failures: number;
  ignored: number;
  slow: number;
  rejected: number;
  timeouts: number;
  retries: number;
  fallbacks: number;
  cacheHits: number;
  wouldReject: number;
}

/** Outcomes that counted for the rules, as monotone sums. */
export interface RecordedCounts {
  readonly calls: number;
  readonly failures: number;
  readonly slow: number;
}

/** What a circuit remembers of its calls: the window, the streak of failures, totals and latencies. */
export class CallRecord {
  window: CallWindow;
  readonly latency = new Latency();
  readonly totals: Totals = {
    calls: 0,
    successes: 0,
    failures: 0,
    ignored: 0,
    slow: 0,
    rejected: 0,
    timeouts: 0,
    retries: 0,
    fallbacks: 0,
    cacheHits: 0,
    wouldReject: 0,
  };
  /** Failures in a row. */
  streak = 0;
  /** Slow calls among those that were cancelled: the only ignored ones in the window. */
  private cancelled = 0;
  /** What is in the totals but changed nothing else, because its generation was over. */
  private lateCalls = 0;
  private lateFailures = 0;
  private lateSlow = 0;
  /** Known once a call has failed. */
  private lastFailureAt: number | undefined = undefined;

  constructor(rules: WindowRules) {
    this.window = createWindow(rules);
  }

  /** Forgets the window and the streak; totals stay. */
  startWindow(rules: WindowRules): void {
    this.window = createWindow(rules);
    this.streak = 0;
  }

  /** Keeps the entries unless the window is of another type or size. */
  adopt(rules: WindowRules): void {
    if (!this.window.adopt(rules)) this.window = createWindow(rules);
  }

  /** Enters a call into the window; one that was cancelled leaves the streak as it is. */
  record(now: number, ending: CountedEnding, isSlow: boolean): void {
    if (this.streak > 0 && this.window.forgets(this.lastFailureAt!, now)) {
      this.streak = 0;
    }
    if (ending === 'success') this.streak = 0;
    else if (ending === 'failure') {
      this.streak++;
      this.lastFailureAt = now;
    }
    this.window.record(now, markOf(ending, isSlow));
  }

  /**
   * Everything that counted for the rules since the circuit was made, read from
   * the totals so that recording a call costs nothing more.
   */
  recorded(): RecordedCounts {
    const { totals } = this;
    const calls = totals.successes + totals.failures + this.cancelled;
    return {
      calls: calls - this.lateCalls,
      failures: totals.failures - this.lateFailures,
      slow: totals.slow - this.lateSlow,
    };
  }

  /** A call that {@link count} has counted is of an older generation. */
  countLate(ending: CountedEnding, isSlow: boolean): void {
    this.lateCalls++;
    if (ending === 'failure') this.lateFailures++;
    if (isSlow) this.lateSlow++;
  }

  /** Adds a call to the totals, late results of older generations too. */
  count(ending: Ending, isSlow: boolean): void {
    const { totals } = this;
    totals.calls++;
    if (ending === 'success') totals.successes++;
    else if (ending === 'failure') totals.failures++;
    else {
      totals.ignored++;
      if (ending === 'cancelled') this.cancelled++;
    }
    if (isSlow) totals.slow++;
  }
}

function markOf(ending: CountedEnding, isSlow: boolean): Mark {
  return ((ending === 'failure' ? FAILED : 0) | (isSlow ? SLOW : 0)) as Mark;
}
