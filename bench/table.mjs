import { findRow, OURS, PROTECTED, ratio } from './results.mjs';
import { summary } from './run-case.mjs';

/**
 * A run as a page of Markdown: it reads well in a terminal too.
 *
 * @param {import('./results.mjs').Run} run
 */
export function markdown({ machine, cases, rows, budgets }) {
  return [
    ...Object.entries(machine).map(([what, value]) => `- ${what}: ${value}`),
    '',
    ...cases.flatMap(({ name, about }) => [
      `### ${name}`,
      '',
      about,
      '',
      ...table(
        ['', 'median', 'quartiles', `against ${OURS}`],
        linesOf(rows.filter(row => row.case === name)),
      ),
      '',
    ]),
    ...whereAPeerIsFaster(rows),
    '### Budgets',
    '',
    ...table(
      ['budget', 'limit', 'measured', ''],
      budgets.map(({ text, limit, measured, verdict }) => [
        text,
        limit,
        measured,
        verdict,
      ]),
    ),
  ].join('\n');
}

/**
 * The zero point is told once, though each subject's processes measured it anew.
 *
 * @param {readonly import('./run-case.mjs').Row[]} rows of one case
 */
function linesOf(rows) {
  const bare = rows.filter(row => row.label === 'bare');
  const others = rows.filter(row => row.label !== 'bare');
  const lines = others.map(row => line(row, others));
  if (bare.length === 0) return lines;
  const figures = summary(bare.map(row => row.processes ?? []));
  return [quantities('bare', bare[0]?.unit ?? '', figures), ...lines];
}

/**
 * @param {import('./run-case.mjs').Row} row
 * @param {readonly import('./run-case.mjs').Row[]} rows
 */
function line(row, rows) {
  const name = ['', PROTECTED].includes(row.label)
    ? row.subject
    : `${row.subject}, ${row.label}`;
  if (row.median === undefined) return [name, row.missing ?? '', '', ''];
  const ours = findRow(rows, [row.case, OURS, row.label]);
  const times = row === ours ? undefined : ratio(row, ours);
  return quantities(name, row.unit, row, times);
}

/** @param {readonly import('./run-case.mjs').Row[]} rows */
function whereAPeerIsFaster(rows) {
  const found = rows.flatMap(row => {
    const times = ratio(row, findRow(rows, [row.case, OURS, row.label]));
    const isPeer = row.subject === 'cockatiel' || row.subject === 'opossum';
    if (!isPeer || row.label === 'bare' || (times ?? 1) >= 1) return [];
    const what = row.label === PROTECTED ? '' : `, ${row.label}`;
    return [
      `- ${row.case}${what}: ${row.subject}, ${figure(times ?? NaN)} × ours`,
    ];
  });
  if (found.length === 0) return [];
  return ['### Where a peer is faster or smaller', '', ...found, ''];
}

/**
 * @param {string} name
 * @param {string} unit
 * @param {{ median?: number, low?: number, high?: number }} figures
 * @param {number} [times]
 */
function quantities(
  name,
  unit,
  { median = NaN, low = NaN, high = NaN },
  times,
) {
  return [
    name,
    `${figure(median)} ${unit}`.trim(),
    `${figure(low)} – ${figure(high)}`,
    times === undefined ? '' : `${figure(times)} ×`,
  ];
}

function figure(/** @type {number} */ value) {
  return Math.abs(value) < 10
    ? String(Number(value.toFixed(2)))
    : Math.round(value).toLocaleString('en');
}

/**
 * @param {readonly string[]} head
 * @param {readonly (readonly string[])[]} lines
 */
function table(head, lines) {
  const all = [head, ...lines];
  const widths = head.map((_, i) =>
    Math.max(3, ...all.map(cells => cells[i]?.length ?? 0)),
  );
  /** @param {readonly string[]} cells */
  const row = cells =>
    `| ${cells.map((cell, i) => pad(cell, i)).join(' | ')} |`;
  const pad = (/** @type {string} */ cell, /** @type {number} */ i) =>
    i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0);
  const rule = `| ${widths.map((width, i) => '-'.repeat(width - 1) + (i === 0 ? '-' : ':')).join(' | ')} |`;
  return [row(head), rule, ...lines.map(row)];
}
