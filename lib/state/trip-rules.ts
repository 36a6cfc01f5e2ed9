import type { CallWindow } from './call-window.js';
import type { CircuitRules } from './circuit-options.js';

/** The rules that can open a closed circuit, in the order in which they are asked. */
export type TripRule =
  | 'consecutiveFailures'
  | 'failureCount'
  | 'failureRateThreshold'
  | 'slowCallRateThreshold';

/** Why a circuit opened. */
export interface Trip {
  /** `shared`: other instances found it. */
  readonly rule: TripRule | 'halfOpen' | 'shared';
  /** The figures in words, e.g. `12 of 20 calls failed (60 %, threshold 50 %)`. */
  readonly reason: string;
}

/** What the rules look at. */
export interface TripReadings {
  readonly window: CallWindow;
  /** Failures in a row. */
  readonly streak: number;
  /** Calls in flight that are slow by now: on both sides of the slow rate, not of the failure rate. */
  readonly inFlightSlow: number;
}

/** The first rule that says that the circuit must open, if one does. */
export function findTrip(
  rules: CircuitRules,
  { window, streak, inFlightSlow }: TripReadings,
): Trip | undefined {
  const { consecutiveFailures, failureCount, failureRateThreshold } = rules;
  if (consecutiveFailures !== false && streak >= consecutiveFailures) {
    return {
      rule: 'consecutiveFailures',
      reason: `${streak} calls in a row failed`,
    };
  }
  if (failureCount !== false && window.failures >= failureCount) {
    return {
      rule: 'failureCount',
      reason: `${window.failures} calls in the window failed (limit ${failureCount})`,
    };
  }
  if (
    failureRateThreshold !== false &&
    window.calls >= rules.minimumCalls &&
    reaches(failureRateThreshold, window.failures, window.calls)
  ) {
    return {
      rule: 'failureRateThreshold',
      reason: `${share(window.failures, window.calls)} calls failed (${percent(window.failures, window.calls)}, threshold ${percent(failureRateThreshold)})`,
    };
  }
  return findSlowTrip(rules, { window, inFlightSlow });
}

/** The rule on slow calls alone: all that an admission asks. */
export function findSlowTrip(
  { slowCallRateThreshold, slowCallDuration, minimumCalls }: CircuitRules,
  { window, inFlightSlow }: Omit<TripReadings, 'streak'>,
): Trip | undefined {
  if (slowCallRateThreshold === false) return undefined;
  const calls = window.calls + inFlightSlow;
  const slow = window.slow + inFlightSlow;
  if (calls < minimumCalls || !reaches(slowCallRateThreshold, slow, calls)) {
    return undefined;
  }
  const hanging =
    inFlightSlow === 0 ? '' : `, ${inFlightSlow} of them still in flight`;
  return {
    rule: 'slowCallRateThreshold',
    reason: `${share(slow, calls)} calls took longer than ${slowCallDuration} ms${hanging} (${percent(slow, calls)}, threshold ${percent(slowCallRateThreshold)})`,
  };
}

/** A threshold as an integer, so that rates are compared without rounding. */
export function permille(threshold: number): number {
  return Math.round(threshold * 1000);
}

function reaches(threshold: number, part: number, calls: number): boolean {
  return part * 1000 >= permille(threshold) * calls;
}

function share(part: number, calls: number): string {
  return `${part} of ${calls}`;
}

function percent(part: number, whole = 1): string {
  return `${Math.round((part / whole) * 1000) / 10} %`;
}
