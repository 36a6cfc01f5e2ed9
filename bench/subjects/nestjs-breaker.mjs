import { packageUnderTest } from './package-under-test.mjs';
import { OPEN_MS, TIME_WINDOW_MS } from './subject.mjs';

const { Circuit } = await packageUnderTest();

/** @type {import('./subject.mjs').Subject['create']} */
export function create({ window = 'count', size = 100, neverTrips }) {
  return new Circuit('bench', {
    window:
      window === 'count'
        ? { type: 'count', size }
        : { type: 'time', duration: TIME_WINDOW_MS, buckets: 60 },
    openDuration: OPEN_MS,
    ...(neverTrips && {
      failureRateThreshold: 1,
      consecutiveFailures: false,
      slowCallDuration: OPEN_MS,
    }),
  });
}

/** @type {import('./subject.mjs').Subject['caller']} */
export function caller(circuit, { fallback, timeoutMs }, call) {
  if (fallback === undefined && timeoutMs === undefined) {
    return () => circuit.execute(call);
  }
  const options = {
    ...(fallback === 'plain' && { fallback: () => 0 }),
    ...(fallback === 'with-error' && {
      fallback: (/** @type {Error} */ error) => error.message.length,
    }),
    ...(timeoutMs !== undefined && { timeout: timeoutMs }),
  };
  return () => circuit.execute(call, options);
}
