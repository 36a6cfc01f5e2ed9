import { describe, expect, it } from '@jest/globals';
import {
  countdown,
  duration,
  latency,
  percent,
  plural,
  rate,
  stateWord,
  timeOfDay,
  whole,
} from '../../../lib/dashboard/page/wording.js';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

describe('the wording of the page', () => {
  it('has a word for each state', () => {
    expect(
      (
        ['open', 'half-open', 'closed', 'forced-open', 'forced-closed'] as const
      ).map(stateWord),
    ).toEqual(['Open', 'Half-open', 'Closed', 'Forced open', 'Forced closed']);
  });

  it.each([
    [-1, '0 s'],
    [999, '0 s'],
    [59_999, '59 s'],
    [MINUTE, '1 min 0 s'],
    [4 * MINUTE + 12 * SECOND, '4 min 12 s'],
    [HOUR - 1, '59 min 59 s'],
    [HOUR, '1 h 0 min'],
    [2 * HOUR + 3 * MINUTE + 59 * SECOND, '2 h 3 min'],
    [DAY - 1, '23 h 59 min'],
    [DAY, '1 d 0 h'],
    [9 * DAY + 23 * HOUR, '9 d 23 h'],
  ])('writes a duration in two units at most: %i ms', (ms, text) => {
    expect(duration(ms)).toBe(text);
  });

  it.each([
    [-5_000, '0:00'],
    [0, '0:00'],
    [1, '0:01'],
    [17_001, '0:18'],
    [59_001, '1:00'],
    [MINUTE + 5 * SECOND, '1:05'],
    [10 * MINUTE, '10:00'],
  ])('counts down to 0:00 only when the time is over: %i ms', (ms, text) => {
    expect(countdown(ms)).toBe(text);
  });

  it('writes the date where it is not today', () => {
    const noon = new Date(2026, 0, 15, 12, 0, 0).getTime();
    expect(timeOfDay(noon - 1_000, noon)).toBe('11:59:59');
    expect(timeOfDay(noon - DAY, noon)).toBe('14 Jan, 12:00:00');
    expect(timeOfDay(noon, noon + DAY)).toBe('15 Jan, 12:00:00');
    expect(timeOfDay(noon + HOUR, noon)).toBe('13:00:00');
    // The same day of another month.
    expect(timeOfDay(noon - 31 * DAY, noon)).toBe('15 Dec, 12:00:00');
  });

  it.each([
    [null, '–'],
    [0, '0.0 ms'],
    [0.25, '0.3 ms'],
    [9.9, '9.9 ms'],
    [10, '10 ms'],
    [999.4, '999 ms'],
    [1_000, '1.0 s'],
    [9_949, '9.9 s'],
    [10_000, '10 s'],
    [12_600, '13 s'],
  ])('writes how long a call took as exactly as it matters: %p', (ms, text) => {
    expect(latency(ms)).toBe(text);
  });

  it.each([
    [0, '0'],
    [0.04, '0.0'],
    [99.94, '99.9'],
    [100, '100'],
    [1_234.5, '1,235'],
  ])('writes a rate with a decimal below 100: %p', (perSecond, text) => {
    expect(rate(perSecond)).toBe(text);
  });

  it.each([
    [0, 0, '–'],
    [0, 5, '0 %'],
    [1, 1_000, '0.1 %'],
    [99, 1_000, '9.9 %'],
    [1, 10, '10 %'],
    [2, 3, '67 %'],
    [5, 5, '100 %'],
  ])(
    'writes a share with a decimal below 10 %%: %i of %i',
    (part, all, text) => {
      expect(percent(part, all)).toBe(text);
    },
  );

  it('groups digits by three and counts in the singular and in the plural', () => {
    expect(whole(1_234_567.4)).toBe('1,234,567');
    expect(plural(1, 'call')).toBe('1 call');
    expect(plural(0, 'call')).toBe('0 calls');
    expect(plural(2_000, 'call')).toBe('2,000 calls');
    expect(plural(2, 'entry', 'entries')).toBe('2 entries');
  });
});
