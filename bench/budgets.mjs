import { findRow, OURS, ratio } from './results.mjs';

/**
 * @typedef {object} Budget what a figure of ours must keep to
 * @property {string} text
 * @property {import('./results.mjs').RowName} row
 * @property {import('./results.mjs').RowName} [of] then the limit is a ratio
 * @property {number} [atMost]
 * @property {number} [atLeast]
 */

/** @typedef {{ text: string, limit: string, measured: string, verdict: 'holds' | 'MISSED' | 'not measured' }} Verdict */

/** @type {readonly Budget[]} */
const BUDGETS = [
  {
    text: 'closed, count window, over cockatiel',
    row: ['closed, count window', OURS],
    of: ['closed, count window', 'cockatiel'],
    atMost: 1.1,
  },
  {
    text: 'closed, time window, over cockatiel',
    row: ['closed, time window', OURS],
    of: ['closed, time window', 'cockatiel'],
    atMost: 1.1,
  },
  {
    text: 'a window of 100,000 over one of 100',
    row: ['closed, window of 100 and of 100,000', OURS, 'window of 100,000'],
    of: ['closed, window of 100 and of 100,000', OURS, 'window of 100'],
    atMost: 1.1,
  },
  {
    text: 'open, rejected, over opossum',
    row: ['open, rejected', OURS],
    of: ['open, rejected', 'opossum'],
    atMost: 1 / 6,
  },
  {
    text: 'open, rejected 30 frames deep, over opossum',
    row: ['open, rejected 30 frames deep', OURS],
    of: ['open, rejected 30 frames deep', 'opossum'],
    atMost: 1 / 6,
  },
  {
    text: 'open, fallback without parameters, over opossum',
    row: ['open, fallback', OURS],
    of: ['open, fallback', 'opossum'],
    atMost: 1 / 40,
  },
  {
    text: 'open, fallback with the error, over opossum',
    row: ['open, fallback with the error', OURS],
    of: ['open, fallback with the error', 'opossum'],
    atMost: 1 / 8,
  },
  {
    text: 'with a timeout, over opossum',
    row: ['with a timeout', OURS],
    of: ['with a timeout', 'opossum'],
    atMost: 1,
  },
  {
    text: 'decorated method over `execute`, ns',
    row: ['decorated method', OURS, 'decorated, over execute'],
    atMost: 100,
  },
  {
    text: 'an idle circuit, never called, bytes',
    row: ['idle, 10,000 circuits', OURS, 'bytes, never called'],
    atMost: 2_048,
  },
  {
    text: 'an idle circuit, called, beside its window, bytes',
    row: ['idle, 10,000 circuits', OURS, 'bytes beside its window'],
    atMost: 2_048,
  },
  {
    text: 'timers of an idle circuit',
    row: ['idle, 10,000 circuits', OURS, 'timers'],
    atMost: 0,
  },
  ...['Express', 'Fastify'].flatMap(platform =>
    ['requests/s', 'requests per CPU second'].flatMap(label => [
      nest(platform, 'module installed', label, 0.97),
      nest(platform, 'decorated method', label, 0.95),
    ]),
  ),
];

/**
 * @param {string} platform
 * @param {string} variant
 * @param {string} label
 * @param {number} atLeast
 * @returns {Budget}
 */
function nest(platform, variant, label, atLeast) {
  const name = `Nest on ${platform}`;
  return {
    text: `${name}, ${variant}, ${label}`,
    row: [name, variant, label],
    atLeast,
  };
}

/**
 * Judges what was measured.
 *
 * @param {readonly import('./run-case.mjs').Row[]} rows
 * @returns {Verdict[]}
 */
export function judge(rows) {
  const cases = new Set(rows.map(row => row.case));
  return BUDGETS.filter(({ row: [name] }) => cases.has(name)).map(
    ({ text, row, of, atMost, atLeast }) => {
      const found = findRow(rows, row);
      const measured =
        of === undefined ? found?.median : ratio(found, findRow(rows, of));
      const limit =
        atMost === undefined ? `≥ ${atLeast}` : `≤ ${rounded(atMost)}`;
      if (measured === undefined) {
        return { text, limit, measured: '', verdict: 'not measured' };
      }
      const holds =
        measured <= (atMost ?? Infinity) && measured >= (atLeast ?? -Infinity);
      return {
        text,
        limit,
        measured: String(rounded(measured)),
        verdict: holds ? 'holds' : 'MISSED',
      };
    },
  );
}

function rounded(/** @type {number} */ figure) {
  return figure < 1_000 ? Number(figure.toPrecision(3)) : Math.round(figure);
}
