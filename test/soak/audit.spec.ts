import { describe, expect, it } from '@jest/globals';
import { audit, growth } from '../../soak/src/audit.js';
import type { Books, Sample } from '../../soak/src/instance.js';
import { Ledger } from '../../soak/src/ledger.js';

const TOTALS = {
  calls: 3,
  successes: 1,
  failures: 1,
  ignored: 1,
  slow: 0,
  rejected: 1,
  timeouts: 0,
  retries: 0,
  fallbacks: 0,
  cacheHits: 0,
  wouldReject: 0,
};

/** Books of one instance with one circuit, that agree. */
function books() {
  const ledger = new Ledger();
  Object.assign(ledger.of('keyed'), {
    issued: 4,
    answered: 1,
    failed: 2,
    refused: 1,
    aborted: 1,
    attempts: 3,
    returned: 2,
    cancelled: 1,
    unsent: 1,
  });
  const book = {
    isSettled: true,
    ledger: ledger.entries,
    totals: { keyed: { ...TOTALS } },
    events: { keyed: { success: 1, failure: 1, ignored: 1, rejected: 1 } },
    inFlight: 0,
    unhandled: [] as string[],
  };
  const metrics = [
    { keyed: { success: 1, failure: 1, ignored: 1, rejected: 1 } },
  ];
  return { book, metrics, received: { keyed: { requests: 2, left: 0 } } };
}

type All = ReturnType<typeof books>;

describe('the audit of a soak', () => {
  it('finds nothing in books that agree', () => {
    const { book, metrics, received } = books();
    expect(audit([book], metrics, received)).toEqual([]);
  });

  it.each<[string, (all: All) => void, RegExp]>([
    [
      'a call that was never answered',
      ({ book }) => book.ledger['keyed']!.issued++,
      /calls that were answered: 4 instead of 5/,
    ],
    [
      'a call that was answered twice',
      ({ book }) => book.ledger['keyed']!.twice++,
      /answered twice: 1 instead of 0/,
    ],
    [
      'an attempt that the circuit did not see',
      ({ book }) => {
        book.totals.keyed.calls--;
      },
      /calls of the circuit: 2 instead of 3/,
    ],
    [
      'an outcome too many',
      ({ book }) => {
        book.totals.keyed.successes++;
      },
      /outcomes of the circuit: 4 instead of 3/,
    ],
    [
      'a fallback that nobody counted',
      ({ book }) => book.ledger['keyed']!.fellBack++,
      /answers by fallback: 0 instead of 1/,
    ],
    [
      'an event that was not told',
      ({ book }) => {
        book.events.keyed.failure = 0;
      },
      /events "failure": 0 instead of 1/,
    ],
    [
      'a metric that is wrong',
      ({ metrics }) => {
        metrics[0]!.keyed.rejected = 7;
      },
      /metric "rejected": 7 instead of 1/,
    ],
    [
      'a refusal that no caller saw',
      ({ book }) => book.ledger['keyed']!.refused--,
      /refusals that callers saw: 0 instead of 1/,
    ],
    [
      'a request too many at the upstream',
      ({ received }) => received.keyed.requests++,
      /requests at the upstream, of those sent: 3 instead of 2/,
    ],
    [
      'calls in flight at the end',
      ({ book }) => {
        book.inFlight = 1;
      },
      /in flight at the end: 1 instead of 0/,
    ],
    [
      'an unhandled rejection',
      ({ book }) => book.unhandled.push('oops'),
      /unhandled oops/,
    ],
    [
      'calls that have not ended',
      ({ book }) => {
        book.isSettled = false;
      },
      /not all calls have ended/,
    ],
  ])('finds %s', (_what, spoil, problem) => {
    const all = books();
    spoil(all);
    expect(
      audit([all.book as Books], all.metrics, all.received).join('\n'),
    ).toMatch(problem);
  });
});

describe('growth', () => {
  it('is none when the heap goes up and down', () => {
    expect(growth(samples([10, 50, 30, 32, 29, 31, 30, 33, 31]))).toEqual([]);
  });

  it('is a heap that is larger in the last third than in the one before', () => {
    expect(growth(samples([10, 20, 30, 40, 50, 60, 70, 80, 90]))).toEqual([
      'heapMb grew from 50 to 80',
    ]);
  });
});

function samples(heaps: readonly number[]): Sample[] {
  return heaps.map(heapMb => ({ heapMb, handles: 10, calls: 0 }));
}
