import type { Totals } from '../../state/call-record.js';

/** Totals of no calls. */
export function noTotals(): Totals {
  return {
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
}

/** Adds totals to a sum. */
export function addTotals(sum: Totals, more: Readonly<Totals>): void {
  for (const what of Object.keys(sum) as (keyof Totals)[]) {
    sum[what] += more[what];
  }
}
