import type { CircuitRules } from './circuit-options.js';
import type { CrossCheck, CrossChecks } from './cross-check.js';

/** Above this many calls a second, a minimum is one that no traffic reaches. */
const IMPOSSIBLE_CALLS_PER_SECOND = 10_000;

/**
 * Circuit options that are legal but surely wrong. Refused where no circuit can
 * do what they say, warned about where one can but nobody wants it.
 */
export const circuitCrossChecks: CrossChecks<CircuitRules> = {
  checks: [
    check(['minimumCalls', 'window'], ({ minimumCalls, window }, given) =>
      window.type === 'time' ||
      minimumCalls <= window.size ||
      !given('minimumCalls')
        ? undefined
        : warned(
            'minimumCalls',
            `${minimumCalls} calls never fit into a window of ${window.size}, so ${window.size} is taken; make window.size larger or this smaller`,
          ),
    ),
    check(['minimumCalls', 'window'], ({ minimumCalls, window }) => {
      const span = window.type === 'time' ? window.duration : window.maxAge;
      return span !== false &&
        (minimumCalls / span) * 1_000 > IMPOSSIBLE_CALLS_PER_SECOND
        ? warned(
            'minimumCalls',
            `no traffic brings ${minimumCalls} calls within ${span} ms, so no rate ever trips; make it smaller or the window longer`,
          )
        : undefined;
    }),
    check(['failureCount', 'window'], ({ failureCount, window }) =>
      window.type === 'time' || Number(failureCount) <= window.size
        ? undefined
        : warned(
            'failureCount',
            `${failureCount} failures never fit into a window of ${window.size}, so it never trips; make window.size larger or this smaller`,
          ),
    ),
    check(['window'], ({ window }, given) =>
      window.type === 'time' &&
      window.buckets > window.duration &&
      given('window', 'buckets')
        ? refused(
            'window.buckets',
            `${window.buckets} buckets are more than the window's ${window.duration} milliseconds; take at most ${Math.max(1, Math.floor(window.duration))}`,
          )
        : undefined,
    ),
    check(
      [
        'mode',
        'failureRateThreshold',
        'failureCount',
        'consecutiveFailures',
        'slowCallDuration',
        'slowCallRateThreshold',
      ],
      rules =>
        rules.mode !== 'disabled' && hasNoTripRule(rules)
          ? warned(
              'failureRateThreshold',
              'with this, failureCount, consecutiveFailures and the slow-call rule all off nothing opens the circuit but forceOpen(); switch one on, or say so with mode: "disabled"',
            )
          : undefined,
    ),
    check(
      ['slowCallDuration', 'slowCallRateThreshold'],
      ({ slowCallDuration, slowCallRateThreshold }, given) =>
        slowCallDuration === false &&
        slowCallRateThreshold !== false &&
        given('slowCallRateThreshold')
          ? warned(
              'slowCallRateThreshold',
              'has no effect while slowCallDuration is false',
            )
          : undefined,
    ),
    check(['openDuration', 'maxOpenDuration'], rules => {
      const wait = firstWait(rules);
      return wait > rules.maxOpenDuration
        ? warned(
            'openDuration',
            `${wait} ms is longer than maxOpenDuration (${rules.maxOpenDuration} ms), which caps it; make that longer or this shorter`,
          )
        : undefined;
    }),
    check(['recordErrors', 'ignoreErrors'], ({ recordErrors, ignoreErrors }) =>
      recordErrors?.some(matcher => ignoreErrors?.includes(matcher))
        ? warned(
            'recordErrors',
            'names what ignoreErrors names too, and ignoreErrors is stronger; take it out of one of them',
          )
        : undefined,
    ),
  ],

  settle(rules) {
    const { window, minimumCalls } = rules;
    if (window.type === 'count') {
      return { ...rules, minimumCalls: Math.min(minimumCalls, window.size) };
    }
    // Only the default can be too many here: a given number was refused.
    const most = Math.max(1, Math.floor(window.duration));
    const buckets = Math.min(window.buckets, most);
    return { ...rules, window: { ...window, buckets } };
  },
};

function check(
  options: readonly Extract<keyof CircuitRules, string>[],
  find: CrossCheck<CircuitRules>['find'],
): CrossCheck<CircuitRules> {
  return { options, find };
}

function refused(path: string, message: string) {
  return { at: path.split('.'), message, severity: 'refused' } as const;
}

function warned(path: string, message: string) {
  return { at: path.split('.'), message, severity: 'warned' } as const;
}

function hasNoTripRule(rules: CircuitRules): boolean {
  return (
    rules.failureRateThreshold === false &&
    rules.failureCount === false &&
    rules.consecutiveFailures === false &&
    (rules.slowCallRateThreshold === false || rules.slowCallDuration === false)
  );
}

/** The wait of the first opening; `NaN` where a function decides it. */
function firstWait({ openDuration }: CircuitRules): number {
  return Number(
    typeof openDuration === 'object' ? openDuration.initial : openDuration,
  );
}
