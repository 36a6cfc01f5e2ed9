import type { BulkheadEffect } from './bulkhead-effect.js';
import type { CacheEffect } from './cache-effect.js';
import type { CrowdFigures } from './crowd.js';

const titles = [
  'customers',
  'answered',
  'calls behind',
  'at once',
  'median',
  'slowest',
];
const widths = [11, 10, 14, 9, 9, 10];

/** What a cache and a bulkhead change, in figures. */
export function effectTable(
  { well, broken }: CacheEffect,
  { without, within }: BulkheadEffect,
): string[] {
  return [
    line('', titles),
    line('cached product pages', cells(well)),
    line('the same, service out of order', cells(broken)),
    line('slow service, no bulkhead', cells(without)),
    line('slow service, bulkhead of 10', cells(within)),
  ];
}

function cells({
  customers,
  answered,
  calls,
  peak,
  durations,
}: CrowdFigures): string[] {
  const [median, slowest] = [0.5, 1].map(
    share => durations[Math.ceil(share * durations.length) - 1]!,
  );
  return [
    ...[customers, answered, calls, peak].map(String),
    ...[median, slowest].map(duration => `${Math.round(duration!)} ms`),
  ];
}

function line(title: string, row: string[]): string {
  return (
    title.padEnd(31) + row.map((cell, i) => cell.padStart(widths[i]!)).join('')
  ).trimEnd();
}
