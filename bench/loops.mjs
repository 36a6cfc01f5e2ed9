/**
 * The loops that are timed. Each contestant imports this file under its own
 * query (`./loops.mjs?circuit`) and so gets loops of its own: what the engine
 * learns in one contestant's loop never reaches another's.
 */

/** @typedef {() => unknown} Call */

/** One call after another, as one request handler makes them. */
export async function awaited(
  /** @type {Call} */ call,
  /** @type {number} */ n,
) {
  for (let i = 0; i < n; i++) await call();
}

/** As {@link awaited}, for calls that reject. */
export async function caught(
  /** @type {Call} */ call,
  /** @type {number} */ n,
) {
  for (let i = 0; i < n; i++) {
    try {
      await call();
    } catch {
      // The rejection is what is measured.
    }
  }
}

/** Calls that end at once. */
export async function synchronous(
  /** @type {Call} */ call,
  /** @type {number} */ n,
) {
  for (let i = 0; i < n; i++) call();
}

/** A rejected call under thirty frames, as in a real application's handler. */
export async function caughtDeep(
  /** @type {Call} */ call,
  /** @type {number} */ n,
) {
  for (let i = 0; i < n; i++) {
    try {
      await descend(30, call);
    } catch {
      // The rejection is what is measured.
    }
  }
}

/**
 * @param {number} frames
 * @param {Call} call
 * @returns {unknown}
 */
function descend(frames, call) {
  return frames === 0 ? call() : descend(frames - 1, call);
}
