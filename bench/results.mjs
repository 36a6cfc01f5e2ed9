import { median } from './statistics.mjs';

/**
 * @typedef {object} Run what is written as JSON
 * @property {Record<string, string>} machine
 * @property {boolean} isWhole every case at full length
 * @property {{ name: string, about: string }[]} cases
 * @property {import('./run-case.mjs').Row[]} rows
 * @property {import('./budgets.mjs').Verdict[]} budgets
 */

/** @typedef {[string, string, string?]} RowName case, subject and label */

export const OURS = 'nestjs-breaker';
/** The label of a figure where a case has but one for each subject. */
export const PROTECTED = 'protected';

/**
 * @param {readonly import('./run-case.mjs').Row[]} rows
 * @param {RowName} name
 */
export function findRow(rows, [name, subject, label = PROTECTED]) {
  return rows.find(
    row => row.case === name && row.subject === subject && row.label === label,
  );
}

/**
 * How many times the other a figure is. Taken for each repetition, whose
 * processes ran one after the other, and only then the median of them.
 *
 * @param {import('./run-case.mjs').Row | undefined} row
 * @param {import('./run-case.mjs').Row | undefined} other
 */
export function ratio(row, other) {
  if (row?.processes === undefined || other?.processes === undefined) {
    return undefined;
  }
  const { processes } = other;
  const ratios = row.processes.map((each, i) => each / (processes[i] ?? NaN));
  return ratios.every(Number.isFinite) ? median(ratios) : undefined;
}
