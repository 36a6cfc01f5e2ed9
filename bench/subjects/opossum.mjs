import CircuitBreaker from 'opossum';
import { OPEN_MS, TIME_WINDOW_MS } from './subject.mjs';

/** It has a time window only, which it always uses here. */
export const hasNoCountWindow = true;

/** @type {import('./subject.mjs').Subject['create']} */
export function create({ neverTrips, fallback, timeoutMs }, call) {
  const breaker = new CircuitBreaker(call, {
    timeout: timeoutMs ?? false,
    resetTimeout: OPEN_MS,
    errorThresholdPercentage: neverTrips ? 100 : 50,
    volumeThreshold: 20,
    rollingCountTimeout: TIME_WINDOW_MS,
    rollingCountBuckets: 60,
  });
  if (fallback === 'plain') breaker.fallback(() => 0);
  if (fallback === 'with-error') {
    breaker.fallback((/** @type {Error} */ error) => error.message.length);
  }
  return breaker;
}

/** @type {import('./subject.mjs').Subject['caller']} */
export function caller(breaker) {
  return () => breaker.fire();
}
