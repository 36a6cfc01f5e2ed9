/**
 * @typedef {object} BreakerOptions what a case asks of any breaker
 * @property {'count' | 'time'} [window] of a count if not given
 * @property {number} [size] calls in a count window, 100 if not given; a time window is of 60 s
 * @property {boolean} [neverTrips] whatever fails
 * @property {'plain' | 'with-error'} [fallback]
 * @property {number} [timeoutMs]
 */

/**
 * @typedef {object} Subject one breaker library behind one face
 * @property {(options: BreakerOptions, call: () => unknown) => Promise<unknown> | unknown} create
 *   a breaker as its users make it
 * @property {(breaker: any, options: BreakerOptions, call: () => unknown) => () => Promise<unknown>} caller
 *   what calls through it
 * @property {boolean} [hasNoCountWindow] it ignores `window` and `size`
 */

/** How long every breaker stays open: longer than a measurement. */
export const OPEN_MS = 600_000;
export const TIME_WINDOW_MS = 60_000;

/** The names under which results are told; the files are called the same. */
export const SUBJECTS = /** @type {const} */ ([
  'nestjs-breaker',
  'cockatiel',
  'opossum',
  'hand-written',
]);

/**
 * @param {string} name
 * @returns {Promise<Subject>}
 */
export function loadSubject(name) {
  return import(`./${name}.mjs`);
}

/**
 * A call behind a new breaker.
 *
 * @param {Subject} subject
 * @param {BreakerOptions} options
 * @param {() => unknown} call
 */
export async function protect(subject, options, call) {
  const breaker = await subject.create(options, call);
  return subject.caller(breaker, options, call);
}
