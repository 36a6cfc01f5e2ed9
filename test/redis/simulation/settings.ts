import type { CircuitOptions } from '../../../lib/state/circuit-options.js';
import type { Random } from '../../support/random.js';

/** Short, so that a run of some seconds sees everything. */
export const NAMESPACE_SETTINGS = {
  namespace: 'simulation',
  flushInterval: 20,
  pollInterval: 100,
  quorum: 2,
  window: { duration: 1_000, buckets: 20 },
  ttl: 3_000,
};

/** How long an agreement takes at most once all is well: a timeout, a poll, and flushes there and back. */
export const AGREEMENT_MS = 100 + NAMESPACE_SETTINGS.pollInterval + 120;

/** Rules that trip, wait and judge within a second. */
export function circuitOptions(random: Random): CircuitOptions {
  const { pick } = random;
  return {
    window: pick(
      { type: 'count', size: pick(10, 20), maxAge: 1_000 },
      { type: 'time', duration: 500, buckets: 10 },
    ),
    minimumCalls: pick(4, 8),
    failureRateThreshold: pick(0.3, 0.5),
    consecutiveFailures: random.chance(0.5) ? false : 5,
    slowCallDuration: false,
    openDuration: pick(100, 200),
    openJitter: 0.3,
    halfOpen: {
      calls: pick(2, 4, 6),
      concurrency: pick(1, 2, 3),
      successRateThreshold: 0.5,
      callDeadline: pick(60, 120),
      maxDuration: 300,
    },
  };
}
