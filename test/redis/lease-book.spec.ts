import { beforeEach, describe, expect, it } from '@jest/globals';
import { LeaseBook } from '../../lib/redis/lease-book.js';

const NOTHING = { started: [], succeeded: [], failed: [], returned: [] };

let book: LeaseBook;

/** What is told at `now`, of probes of which so many have ended and so many run. */
function report(
  { successes = 0, failures = 0, inFlight = 0 } = {},
  now = 0,
): ReturnType<LeaseBook['report']> {
  return book.report({ successes, failures, inFlight }, now);
}

beforeEach(() => {
  book = new LeaseBook();
});

describe('leases for probes', () => {
  it('are none at first, and there is nothing to tell', () => {
    expect(book.idleAt(-1)).toBe(0);
    expect(book.take(-1)).toBe(false);
    expect(book.isStale(0, 10)).toBe(false);
    expect(report()).toEqual(NOTHING);
  });

  it('can be taken up until their time is over, and not at its end', () => {
    book.hold([1, 2], 100);
    expect(book.idleAt(99)).toBe(2);
    expect(book.idleAt(100)).toBe(0);
    expect(book.take(100)).toBe(false);
    expect(book.take(99)).toBe(true);
    expect(book.idleAt(99)).toBe(1);
    expect(report({ inFlight: 1 })).toEqual({ ...NOTHING, started: [1] });
  });

  it('are taken up in the order in which they came, each once', () => {
    book.hold([3, 5], 100);
    expect([book.take(0), book.take(0), book.take(0)]).toEqual([
      true,
      true,
      false,
    ]);
    expect(report({ inFlight: 2 })).toEqual({ ...NOTHING, started: [3, 5] });
    expect(report({ inFlight: 2 })).toEqual(NOTHING);
  });

  it('have to be renewed in the second half of their time, if some are idle', () => {
    book.hold([1], 100);
    expect(book.isStale(50, 100)).toBe(false);
    expect(book.isStale(51, 100)).toBe(true);
    book.take(51);
    expect(book.isStale(51, 100)).toBe(false);
  });

  it('are renewed by an answer that names them again', () => {
    book.hold([1], 100);
    book.hold([1], 200);
    expect(book.idleAt(150)).toBe(1);
    expect(report()).toEqual(NOTHING);
  });

  it('are gone when the store no longer names them', () => {
    book.hold([1, 2], 100);
    book.hold([2], 100);
    expect(book.idleAt(0)).toBe(1);
    book.take(0);
    expect(report({ inFlight: 1 }).started).toEqual([2]);
  });

  it('are given back again where the store has forgotten that they were', () => {
    book.hold([1, 2], 100);
    book.giveBack();
    expect(report()).toEqual({ ...NOTHING, returned: [1, 2] });
    book.hold([1, 2], 100);
    expect(book.idleAt(0)).toBe(0);
    expect(report()).toEqual({ ...NOTHING, returned: [1, 2] });
  });

  it('are not given back twice in one report', () => {
    book.hold([1], 100);
    book.giveBack();
    book.hold([1], 100);
    expect(report()).toEqual({ ...NOTHING, returned: [1] });
  });

  it('are known while they run, and while their results are untold', () => {
    book.hold([1, 2, 3], 100);
    for (let probe = 0; probe < 3; probe++) book.take(0);
    book.hold([1, 2, 3], 100);
    expect(report({ successes: 1, failures: 1, inFlight: 1 })).toEqual({
      started: [1, 2, 3],
      succeeded: [1],
      failed: [2],
      returned: [],
    });
    book.tellAgain({ succeeded: [1], failed: [2] });
    book.hold([1, 2, 3], 100);
    expect(report({ successes: 1, failures: 1, inFlight: 1 })).toEqual({
      ...NOTHING,
      succeeded: [1],
      failed: [2],
    });
  });

  it('of an older answer are not taken for new ones', () => {
    book.hold([5], 100);
    book.hold([4, 5], 100);
    expect(book.idleAt(0)).toBe(1);
    expect(report().returned).toEqual([4]);
  });

  it('are all new whatever their order', () => {
    book.hold([6, 5], 100);
    expect(book.idleAt(0)).toBe(2);
    book.hold([5, 6], 100);
    expect(report()).toEqual(NOTHING);
    expect(book.idleAt(0)).toBe(2);
  });
});

describe('results of probes', () => {
  it('are given to leases in the order in which these were taken up', () => {
    book.hold([1, 2, 3, 4], 100);
    for (let probe = 0; probe < 4; probe++) book.take(0);
    const first = report({ successes: 1, inFlight: 3 });
    expect(first.succeeded).toEqual([1]);
    const second = report({ successes: 2, failures: 1, inFlight: 1 });
    expect(second).toEqual({ ...NOTHING, succeeded: [2], failed: [3] });
    const third = report({ successes: 2, failures: 2, inFlight: 0 });
    expect(third).toEqual({ ...NOTHING, failed: [4] });
  });

  it('that are none give the lease back', () => {
    book.hold([1, 2], 100);
    book.take(0);
    book.take(0);
    expect(report({ inFlight: 1 })).toEqual({
      ...NOTHING,
      started: [1, 2],
      returned: [1],
    });
  });

  it('of probes that nobody has a lease for end nothing', () => {
    book.hold([1], 100);
    book.take(0);
    // One that began before the circuit was in a fleet runs beside it.
    expect(report({ inFlight: 2 })).toEqual({ ...NOTHING, started: [1] });
    expect(report({ successes: 1, inFlight: 0 })).toEqual({
      ...NOTHING,
      succeeded: [1],
    });
  });
});

describe('a report that is given up', () => {
  it('is told again', () => {
    book.hold([1, 2, 3, 4], 100);
    const told = { started: [4], succeeded: [1], failed: [2], returned: [3] };
    book.tellAgain(told);
    expect(report()).toEqual(told);
    expect(report()).toEqual(NOTHING);
  });

  it('adds nothing of what it did not have', () => {
    book.tellAgain({});
    expect(report()).toEqual(NOTHING);
  });
});

describe('leases when the store is lost', () => {
  it('go back if they are idle', () => {
    book.hold([1], 100);
    book.lose(50);
    expect(book.take(0)).toBe(false);
    expect(report()).toEqual({ ...NOTHING, returned: [1] });
  });

  it('are told as failed once their probe is surely over, and once only', () => {
    book.hold([1, 2], 100);
    book.take(0);
    book.take(0);
    report({ inFlight: 2 });
    book.lose(50);
    expect(report({}, 49)).toEqual(NOTHING);
    expect(report({}, 50)).toEqual({ ...NOTHING, failed: [1, 2] });
    expect(report({}, 51)).toEqual(NOTHING);
  });

  it('are over each at its own time', () => {
    book.hold([1, 2], 100);
    book.take(0);
    book.lose(50);
    book.hold([1, 2, 3], 100);
    book.take(0);
    book.lose(80);
    report({}, 0);
    expect(report({}, 60).failed).toEqual([1]);
    expect(report({}, 80).failed).toEqual([3]);
  });

  it('stay known while their probe runs', () => {
    book.hold([1, 2], 100);
    book.take(0);
    book.take(0);
    report({ inFlight: 2 });
    book.lose(50);
    book.hold([1, 2], 100);
    expect(report({}, 10)).toEqual(NOTHING);
  });

  it('are told from those that were given back', () => {
    book.hold([1, 2], 100);
    book.take(0);
    book.giveBack();
    report({ inFlight: 1 });
    book.lose(50);
    book.hold([1, 2], 100);
    expect(report()).toEqual({ ...NOTHING, returned: [2] });
  });

  it('have nothing to do with the results of the circuit alone', () => {
    book.hold([1], 100);
    book.take(0);
    report({ successes: 1 });
    book.lose(50);
    book.hold([1, 2], 100);
    book.take(0);
    // The tally began anew when the circuit was left alone.
    expect(report({ successes: 1, inFlight: 0 }).succeeded).toEqual([2]);
  });

  it('cannot be taken up until the store has named them anew', () => {
    book.hold([1], 100);
    book.lose(50);
    book.hold([2], 0);
    expect(book.idleAt(0)).toBe(0);
    book.hold([2], 200);
    expect(book.idleAt(0)).toBe(1);
    expect(book.idleAt(199)).toBe(1);
  });
});
