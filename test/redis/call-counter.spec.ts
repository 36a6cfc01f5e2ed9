import { beforeEach, describe, expect, it } from '@jest/globals';
import { CallCounter } from '../../lib/redis/call-counter.js';
import type { CallRecord } from '../../lib/state/call-record.js';

/** The sums of a circuit, as they are set here. */
let sums = { calls: 0, failures: 0, slow: 0 };
let counter: CallCounter;

function add(calls: number, failures = 0, slow = 0): void {
  sums = {
    calls: sums.calls + calls,
    failures: sums.failures + failures,
    slow: sums.slow + slow,
  };
}

beforeEach(() => {
  sums = { calls: 100, failures: 50, slow: 20 };
  counter = new CallCounter({
    recorded: () => sums,
  } as Partial<CallRecord> as CallRecord);
});

describe('calls that the fleet has not been told', () => {
  it('are none before the first', () => {
    expect(counter.take(true)).toBeUndefined();
    expect(counter.take(false)).toBeUndefined();
  });

  it('are told once', () => {
    add(4, 3, 2);
    expect(counter.take(true)).toEqual({ calls: 4, failures: 3, slow: 2 });
    expect(counter.take(true)).toBeUndefined();
    add(1, 1, 1);
    expect(counter.take(true)).toEqual({ calls: 1, failures: 1, slow: 1 });
  });

  it('are forgotten with what they belong to', () => {
    add(4, 3, 2);
    counter.pause();
    add(4, 3, 2);
    counter.restart();
    expect(counter.take(true)).toBeUndefined();
    expect(counter.take(false)).toBeUndefined();
  });

  it('are kept, and no more are counted, while the circuit is not closed', () => {
    add(4, 3, 2);
    counter.pause();
    add(9, 9, 9);
    expect(counter.take(false)).toEqual({ calls: 4, failures: 3, slow: 2 });
    expect(counter.take(false)).toBeUndefined();
  });

  it('are those from before and after the time in which it was not closed', () => {
    add(4, 3, 2);
    counter.pause();
    add(9, 9, 9);
    counter.resume();
    add(1, 0, 1);
    counter.pause();
    add(9, 9, 9);
    counter.resume();
    add(2, 2, 0);
    expect(counter.take(true)).toEqual({ calls: 7, failures: 5, slow: 3 });
  });
});
