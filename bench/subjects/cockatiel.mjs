import {
  circuitBreaker,
  CountBreaker,
  fallback as fallBack,
  handleAll,
  SamplingBreaker,
  timeout,
  TimeoutStrategy,
  wrap,
} from 'cockatiel';
import { OPEN_MS, TIME_WINDOW_MS } from './subject.mjs';

/** @type {import('./subject.mjs').Subject['create']} */
export function create({
  window = 'count',
  size = 100,
  neverTrips,
  fallback,
  timeoutMs,
}) {
  const threshold = neverTrips ? 0.999 : 0.5;
  const breaker = circuitBreaker(handleAll, {
    halfOpenAfter: OPEN_MS,
    breaker:
      window === 'count'
        ? new CountBreaker({ threshold, size, minimumNumberOfCalls: 20 })
        : new SamplingBreaker({
            threshold,
            duration: TIME_WINDOW_MS,
            minimumRps: 1 / 3,
          }),
  });
  // Its fallbacks get no error: both kinds are the same to it.
  if (fallback !== undefined)
    return wrap(
      fallBack(handleAll, () => 0),
      breaker,
    );
  return timeoutMs === undefined
    ? breaker
    : wrap(breaker, timeout(timeoutMs, TimeoutStrategy.Aggressive));
}

/** @type {import('./subject.mjs').Subject['caller']} */
export function caller(policy, _options, call) {
  return () => policy.execute(call);
}
