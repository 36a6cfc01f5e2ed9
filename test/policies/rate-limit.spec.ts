import { describe, expect, it } from '@jest/globals';
import { RateLimit } from '../../lib/policies/rate-limit.js';

const taken = (limit: RateLimit, now: number, tries: number) =>
  Array.from({ length: tries }, () => limit.tryTake(now)).filter(Boolean)
    .length;

describe('a rate limit', () => {
  it('keeps the tokens that are there under other rules, whatever the time', () => {
    const limit = new RateLimit({ limit: 4, interval: 1_000 });
    taken(limit, 5_000, 1);
    limit.configure({ limit: 10, interval: 1_000 }, 5_000);
    expect(taken(limit, 5_000, 12)).toBe(9);
    const rested = new RateLimit({ limit: 4, interval: 1_000 });
    taken(rested, 5_000, 4);
    rested.configure({ limit: 10, interval: 1_000 }, 7_000);
    expect(taken(rested, 7_000, 12)).toBe(10);
  });

  it('starts full and gives no more than its limit at once', () => {
    const limit = new RateLimit({ limit: 5, interval: 1_000 });
    expect(taken(limit, 0, 8)).toBe(5);
  });

  it('gives one more each interval / limit', () => {
    const limit = new RateLimit({ limit: 5, interval: 1_000 });
    taken(limit, 0, 5);
    expect(limit.tryTake(199)).toBe(false);
    expect(limit.tryTake(199.99)).toBe(false);
    expect(limit.tryTake(200)).toBe(true);
    expect(limit.tryTake(399)).toBe(false);
    expect(limit.tryTake(400)).toBe(true);
  });

  it('is full again after an interval, and no fuller after ten', () => {
    const limit = new RateLimit({ limit: 5, interval: 1_000 });
    taken(limit, 0, 5);
    expect(taken(limit, 1_000, 9)).toBe(5);
    expect(taken(limit, 11_000, 9)).toBe(5);
  });

  it('tells when the next token comes', () => {
    const limit = new RateLimit({ limit: 2, interval: 1_000 });
    expect(limit.retryAfter(0)).toBe(0);
    taken(limit, 0, 2);
    expect(limit.retryAfter(0)).toBe(500);
    expect(limit.retryAfter(400)).toBe(100);
    expect(limit.retryAfter(500)).toBe(0);
  });

  it('consumes nothing when it refuses', () => {
    const limit = new RateLimit({ limit: 1, interval: 1_000 });
    taken(limit, 0, 1);
    taken(limit, 500, 100);
    expect(limit.tryTake(1_000)).toBe(true);
  });

  it('never gives more than its limit and one more for each that comes back, in any interval', () => {
    const limit = new RateLimit({ limit: 3, interval: 100 });
    const times: number[] = [];
    for (let now = 0; now < 3_000; now += 7) {
      if (limit.tryTake(now)) times.push(now);
    }
    expect(times.length).toBeGreaterThan(80);
    for (const start of times) {
      const inInterval = times.filter(at => at >= start && at < start + 100);
      expect(inInterval.length).toBeLessThanOrEqual(6);
    }
  });

  it('loses no token to rounding', () => {
    const limit = new RateLimit({ limit: 3, interval: 1_000 });
    let given = 0;
    for (let second = 0; second < 1_000; second++) {
      given += taken(limit, second * 1_000, 5);
    }
    expect(given).toBe(3_000);
  });

  it('keeps the tokens that are there when its rules change', () => {
    const limit = new RateLimit({ limit: 4, interval: 1_000 });
    taken(limit, 0, 3);
    limit.configure({ limit: 10, interval: 1_000 }, 0);
    expect(taken(limit, 0, 20)).toBe(7);
    limit.configure({ limit: 2, interval: 1_000 }, 0);
    expect(taken(limit, 0, 20)).toBe(0);
    expect(limit.retryAfter(0)).toBe(500);
  });
});
