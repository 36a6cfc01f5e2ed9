import { OPEN_MS } from './subject.mjs';

/**
 * The least that still breaks a circuit and measures how long calls take: what a
 * team writes for itself in an hour, and about as fast as it gets. A ring of the
 * latest calls, two clock reads, no events, no half-open, nothing to look at.
 */
class HandWrittenBreaker {
  #failed;
  #next = 0;
  #calls = 0;
  #failures = 0;
  slow = 0;
  #threshold;
  #openUntil = 0;

  constructor(/** @type {number} */ size, /** @type {number} */ threshold) {
    this.#failed = new Uint8Array(size);
    this.#threshold = threshold;
  }

  /** @param {() => unknown} call */
  async execute(call) {
    const start = performance.now();
    if (start < this.#openUntil) throw new Error('Circuit is open');
    try {
      const value = await call();
      this.#record(performance.now() - start, 0);
      return value;
    } catch (error) {
      this.#record(performance.now() - start, 1);
      throw error;
    }
  }

  /**
   * @param {() => unknown} call
   * @param {(error: unknown) => unknown} fallback
   */
  async executeOr(call, fallback) {
    if (performance.now() < this.#openUntil) {
      // As cheap as ours may be: no error where none is asked for.
      return fallback(fallback.length === 0 ? undefined : new Error('open'));
    }
    return this.execute(call).catch(fallback);
  }

  /**
   * @param {() => unknown} call
   * @param {number} ms
   */
  executeWithin(call, ms) {
    return this.execute(
      () =>
        new Promise((resolve, reject) => {
          const strike = () => reject(new Error('Timed out'));
          const timer = setTimeout(strike, ms);
          Promise.resolve(call()).then(
            value => {
              clearTimeout(timer);
              resolve(value);
            },
            error => {
              clearTimeout(timer);
              reject(error);
            },
          );
        }),
    );
  }

  #record(/** @type {number} */ duration, /** @type {0 | 1} */ failed) {
    const next = this.#next;
    this.#failures += failed - (this.#failed[next] ?? 0);
    this.#failed[next] = failed;
    this.#next = next + 1 === this.#failed.length ? 0 : next + 1;
    if (this.#calls < this.#failed.length) this.#calls++;
    if (duration > 2_000) this.slow++;
    if (this.#calls >= 20 && this.#failures > this.#calls * this.#threshold) {
      this.#openUntil = performance.now() + OPEN_MS;
    }
  }
}

/** @type {import('./subject.mjs').Subject['create']} */
export function create({ size = 100, neverTrips }) {
  return new HandWrittenBreaker(size, neverTrips ? 1 : 0.5);
}

/** @type {import('./subject.mjs').Subject['caller']} */
export function caller(breaker, { fallback, timeoutMs }, call) {
  if (timeoutMs !== undefined) {
    return () => breaker.executeWithin(call, timeoutMs);
  }
  if (fallback === undefined) return () => breaker.execute(call);
  const answer =
    fallback === 'plain'
      ? () => 0
      : (/** @type {Error} */ error) => error.message.length;
  return () => breaker.executeOr(call, answer);
}
