/**
 * @typedef {object} Case one thing to measure, in processes of its own: one for
 *   each subject and repetition
 * @property {string} name starts with its group
 * @property {string} about what a reader of the table should know
 * @property {readonly string[]} subjects
 * @property {(subject: string) => Promise<import('../measure-time.mjs').Contest>} contest
 */
