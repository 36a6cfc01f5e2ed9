import type { Books, Sample } from './instance.js';
import type { Entry } from './ledger.js';
import type { Received } from './upstream.js';

/** Whatever does not agree, in words; empty when all is well. */
export function audit(
  books: readonly Books[],
  metrics: readonly Readonly<Record<string, Record<string, number>>>[],
  received: Readonly<Record<string, Received>>,
): string[] {
  const problems: string[] = [];
  const agree = (what: string, is: number, should: number) => {
    if (is !== should) problems.push(`${what}: ${is} instead of ${should}`);
  };
  books.forEach((book, index) => {
    const at = `instance ${index + 1}`;
    if (!book.isSettled) problems.push(`${at}: not all calls have ended`);
    agree(`${at}: calls in flight at the end`, book.inFlight, 0);
    for (const what of book.unhandled)
      problems.push(`${at}: unhandled ${what}`);
    for (const [name, entry] of Object.entries(book.ledger)) {
      auditCircuit(`${at}, "${name}"`, entry, book, metrics[index]!, name);
    }
  });
  for (const [name, { requests }] of Object.entries(received)) {
    const sent = sum(books, name, e => e.attempts - e.unsent);
    agree(`"${name}": requests at the upstream, of those sent`, requests, sent);
  }
  return problems;

  function auditCircuit(
    at: string,
    entry: Entry,
    { totals, events }: Books,
    metric: Readonly<Record<string, Record<string, number>>>,
    name: string,
  ): void {
    const total = totals[name]!;
    const event = events[name] ?? {};
    const answers = entry.answered + entry.failed + entry.aborted;
    agree(`${at}: calls that were answered`, answers, entry.issued);
    agree(`${at}: calls answered twice`, entry.twice, 0);
    agree(`${at}: calls of the circuit`, total['calls']!, entry.attempts);
    agree(`${at}: answers by fallback`, total['fallbacks']!, entry.fellBack);
    const outcomes =
      total['successes']! + total['failures']! + total['ignored']!;
    agree(`${at}: outcomes of the circuit`, outcomes, total['calls']!);
    for (const [type, key] of EVENTS) {
      agree(`${at}: events "${type}"`, event[type] ?? 0, total[key]!);
    }
    for (const [result, key] of RESULTS) {
      agree(
        `${at}: metric "${result}"`,
        metric[name]?.[result] ?? 0,
        total[key]!,
      );
    }
    if (!TOLD_ONCE.has(name)) return;
    agree(
      `${at}: refusals that callers saw`,
      entry.refused,
      total['rejected']!,
    );
  }
}

const EVENTS = [
  ['success', 'successes'],
  ['failure', 'failures'],
  ['ignored', 'ignored'],
  ['slow', 'slow'],
  ['rejected', 'rejected'],
  ['timeout', 'timeouts'],
  ['retry', 'retries'],
  ['fallback', 'fallbacks'],
  ['cache-hit', 'cacheHits'],
] as const;

const RESULTS = [
  ['success', 'successes'],
  ['failure', 'failures'],
  ['ignored', 'ignored'],
  ['rejected', 'rejected'],
] as const;

/** The circuits whose refusals reach the caller one for one: nothing answers for them, and nobody tries again. */
const TOLD_ONCE = new Set(['keyed', 'crowded', 'piped', 'executed', 'instant']);

function sum(
  books: readonly Books[],
  name: string,
  figure: (entry: Entry) => number,
): number {
  return books.reduce((total, { ledger }) => {
    const entry = ledger[name];
    return total + (entry === undefined ? 0 : figure(entry));
  }, 0);
}

/** What grows: the last third of the samples against the third in the middle; the first one is warm-up. */
export function growth(samples: readonly Sample[]): string[] {
  const third = Math.floor(samples.length / 3);
  if (third < 2) return [];
  const middle = samples.slice(third, 2 * third);
  const last = samples.slice(-third);
  const problems: string[] = [];
  for (const [what, slack] of [
    ['heapMb', 4],
    ['handles', 20],
  ] as const) {
    const before = median(middle.map(sample => sample[what]));
    const after = median(last.map(sample => sample[what]));
    if (after > before * 1.1 + slack) {
      problems.push(`${what} grew from ${round(before)} to ${round(after)}`);
    }
  }
  return problems;
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? NaN;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
