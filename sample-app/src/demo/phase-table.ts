import { styleText } from 'node:util';
import type { Phase } from './phase.js';

const widths = [8, 8, 11, 7, 6, 8, 8, 10, 9];
const titles = [
  'from',
  'gateway',
  'circuit',
  'orders',
  'paid',
  'queued',
  'failed',
  'median',
  'slowest',
];
const colors = { closed: 'green', open: 'red', 'half-open': 'yellow' } as const;

/** The demo as a table: one line for each phase, with what its callers got. */
export function phaseTable(phases: Phase[], colored: boolean): string[] {
  return [
    align(titles),
    ...phases.map(phase => {
      const line = align(cells(phase));
      const color = colors[phase.circuit as keyof typeof colors];
      return colored && color ? styleText(color, line) : line;
    }),
  ];
}

function cells(phase: Phase): string[] {
  const { paid, queued, failed } = phase.ends;
  return [
    `${(phase.startedAt / 1_000).toFixed(1)} s`,
    phase.gateway,
    phase.circuit,
    ...[phase.sent, paid, queued, failed].map(String),
    ms(phase.quantile(0.5)),
    ms(phase.quantile(1)),
  ];
}

function ms(duration: number | undefined): string {
  return duration === undefined ? '' : `${Math.round(duration)} ms`;
}

function align(row: string[]): string {
  return row
    .map((cell, i) =>
      i === 1 || i === 2
        ? `  ${cell.padEnd(widths[i]!)}`
        : cell.padStart(widths[i]!),
    )
    .join('')
    .trimEnd();
}
