import type { Circuit } from '../circuit/circuit.js';
import type { Totals } from '../state/call-record.js';
import type { CircuitEvent } from '../state/events.js';

/** What callers got between two transitions. */
export type CallerCounts = Pick<
  Totals,
  'failures' | 'rejected' | 'fallbacks' | 'cacheHits'
>;

const NOTHING: CallerCounts = {
  failures: 0,
  rejected: 0,
  fallbacks: 0,
  cacheHits: 0,
};

/** Knows what callers got since the transition before. */
export class CallerReport {
  private readonly before = new WeakMap<Circuit, CallerCounts>();

  /** The counts since the last time that the circuit was asked for. */
  since(circuit: Circuit): CallerCounts {
    const { failures, rejected, fallbacks, cacheHits } = circuit.totals;
    const before = this.before.get(circuit) ?? NOTHING;
    this.before.set(circuit, { failures, rejected, fallbacks, cacheHits });
    return {
      failures: failures - before.failures,
      rejected: rejected - before.rejected,
      fallbacks: fallbacks - before.fallbacks,
      cacheHits: cacheHits - before.cacheHits,
    };
  }
}

/** What callers get, or got, in a sentence. */
export function describeCallers(
  { from, to }: Pick<CircuitEvent<'transition'>, 'from' | 'to'>,
  mode: Circuit['rules']['mode'],
  { failures, rejected, fallbacks, cacheHits }: CallerCounts,
): string {
  if (mode !== 'enforced') {
    return `Callers notice nothing: mode ${mode} lets every call through.`;
  }
  if (from === 'closed' && (to === 'open' || to === 'forced-open')) {
    return fallbacks + cacheHits === 0
      ? 'Callers are refused now, unless they have a fallback.'
      : `Callers are refused now or get their fallback, as they did ${fallbacks + cacheHits} times for ${failures} failures so far.`;
  }
  return `Meanwhile ${rejected} calls were refused and ${failures} failed; fallbacks answered ${fallbacks} and the cache ${cacheHits}.`;
}
