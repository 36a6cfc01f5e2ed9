import type { CircuitRules } from '../state/circuit-options.js';
import { permille } from '../state/trip-rules.js';
import type { SharedRules } from './fleet-store.js';

/** More steps would cost the store more and tell it little. */
const MOST_BUCKETS = 60;

/** How a window of the latest calls is kept by a fleet. */
export interface FleetWindow {
  /** Milliseconds after which calls no longer count. */
  readonly duration: number;
  /** In how many steps. */
  readonly buckets: number;
}

/** A circuit's rules in the numbers that the script compares. */
export function sharedRules(
  rules: CircuitRules,
  fleetWindow: FleetWindow,
): SharedRules {
  const { halfOpen } = rules;
  return {
    ...windowOf(rules.window, fleetWindow),
    minimumCalls: rules.minimumCalls,
    failureRate: thousandths(rules.failureRateThreshold),
    slowRate:
      rules.slowCallDuration === false
        ? 0
        : thousandths(rules.slowCallRateThreshold),
    failureCount: rules.failureCount || 0,
    consecutive: rules.consecutiveFailures || 0,
    probes: halfOpen.calls,
    concurrency: halfOpen.concurrency,
    successRate: permille(halfOpen.successRateThreshold),
    callDeadline: Math.ceil(halfOpen.callDeadline),
    maxDuration: Math.ceil(halfOpen.maxDuration),
  };
}

/** Milliseconds after which a call no longer counts in the fleet's window. */
export function windowDuration(
  { window }: Pick<CircuitRules, 'window'>,
  fleetWindow: FleetWindow,
): number {
  if (window.type === 'time') return window.duration;
  const maxAge = window.maxAge === false ? Infinity : window.maxAge;
  return Math.min(maxAge, fleetWindow.duration);
}

function windowOf(
  window: CircuitRules['window'],
  fleetWindow: FleetWindow,
): Pick<SharedRules, 'size' | 'width' | 'buckets'> {
  if (window.type === 'time') return inSteps(0, window);
  const duration = windowDuration({ window }, fleetWindow);
  return inSteps(window.size, { ...fleetWindow, duration });
}

function inSteps(size: number, { duration, buckets: wanted }: FleetWindow) {
  const width = Math.ceil(duration / Math.min(wanted, MOST_BUCKETS));
  return { size, width, buckets: Math.max(1, Math.round(duration / width)) };
}

function thousandths(threshold: number | false): number {
  return threshold === false ? 0 : permille(threshold);
}
