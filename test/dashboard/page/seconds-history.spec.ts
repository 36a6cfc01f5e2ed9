import { describe, expect, it } from '@jest/globals';
import { SecondsHistory } from '../../../lib/dashboard/page/seconds-history.js';

const NOW = 1_700_000_000_000;
const NOTHING = { calls: 0, failures: 0, slow: 0, rejected: 0, fallbacks: 0 };

function lists(entries: readonly number[], offset = 0): number[] {
  return entries.map(entry => entry + offset);
}

describe('the seconds of a circuit, on the page', () => {
  it('are the last three hundred, and end now', () => {
    const history = new SecondsHistory();
    const [seconds] = history.columns(NOW + 400);
    expect(seconds).toHaveLength(300);
    expect(seconds[0]).toBe(NOW / 1_000 - 299);
    expect(seconds.at(-1)).toBe(NOW / 1_000);
  });

  it('begin with what the server has kept, and end where that ends', () => {
    const history = new SecondsHistory();
    history.add(NOW - 200_000, { ...NOTHING, calls: 99 });
    history.load({
      step: 1,
      until: NOW - 400,
      calls: [10, 20],
      failures: lists([1, 2]),
      slow: lists([1, 2], 2),
      rejected: lists([1, 2], 4),
      fallbacks: lists([1, 2], 6),
    });
    expect(history.at(299, NOW)).toEqual({
      calls: 20,
      failures: 2,
      slow: 4,
      rejected: 6,
      fallbacks: 8,
    });
    expect(history.at(298, NOW)).toEqual({
      calls: 10,
      failures: 1,
      slow: 3,
      rejected: 5,
      fallbacks: 7,
    });
    expect(history.at(297, NOW)).toEqual(NOTHING);
    // What was there before is gone.
    expect(history.at(99, NOW)).toEqual(NOTHING);
    history.load(undefined);
    expect(history.at(299, NOW)).toEqual(NOTHING);
  });

  it('are columns: the refused calls stand on the others, and what is idle is not drawn', () => {
    const history = new SecondsHistory();
    history.add(NOW - 4_000, { ...NOTHING, calls: 1 });
    history.add(NOW - 1_000, {
      calls: 10,
      failures: 4,
      slow: 3,
      rejected: 2,
      fallbacks: 1,
    });
    const ends = history.columns(NOW).map(column => column.slice(-6));
    expect(ends.slice(1)).toEqual([
      // The slopes of a peak stand on what was admitted then.
      [null, null, null, 0, 12, 0],
      [0, 1, 0, 0, 10, 0],
      [null, null, null, 0, 4, 0],
      [null, null, null, 0, 3, 0],
      [null, null, null, 0, 1, 0],
    ]);
    history.add(NOW, { ...NOTHING, calls: 7 });
    expect(history.columns(NOW)[1]?.slice(-2)).toEqual([12, 7]);
  });

  it('are forgotten when they are five minutes old', () => {
    const history = new SecondsHistory();
    history.add(NOW, { ...NOTHING, calls: 1 });
    history.add(NOW + 1_000, { ...NOTHING, calls: 2 });
    history.add(NOW + 300_000, { ...NOTHING, calls: 3 });
    // Looked at from then, by a clock that is behind.
    expect(history.at(299, NOW)).toEqual(NOTHING);
    expect(history.at(299, NOW + 1_000)).toMatchObject({ calls: 2 });
    expect(history.at(299, NOW + 300_000)).toMatchObject({ calls: 3 });
  });
});
