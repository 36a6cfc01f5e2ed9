import { measureTime } from '../measure-time.mjs';

/**
 * @typedef {object} Case one thing to measure, in processes of its own: one for
 *   each subject and repetition
 * @property {string} name
 * @property {string} about what a reader of the figures should know
 * @property {string} unit
 * @property {Record<string, string>} [units] of labels that have another
 * @property {readonly string[]} subjects
 * @property {readonly string[]} [flags] for the engine
 * @property {(subject: string, pace: import('../measure-time.mjs').Pace) => Promise<import('../measure-time.mjs').Series>} measure
 *   runs in the process; throws {@link NotBuilt}
 */

/** The subject cannot do what the case asks for. */
export class NotBuilt extends Error {}

/**
 * A case that is told in nanoseconds over a bare call.
 *
 * @param {Omit<Case, 'unit' | 'measure'> & { contest: (subject: string) => Promise<import('../measure-time.mjs').Contest> }} timed
 * @returns {Case}
 */
export function timedCase({ contest, ...rest }) {
  return {
    ...rest,
    unit: 'ns',
    measure: async (subject, pace) => measureTime(await contest(subject), pace),
  };
}
