import { serialize } from 'node:v8';
import { describe, expect, it } from '@jest/globals';
import { createWindow, FAILED, SLOW } from '../../lib/state/call-window.js';

describe('a window of time', () => {
  it('lets nothing go when a reader looks back in time', () => {
    const window = createWindow({ type: 'time', duration: 1_000, buckets: 10 });
    window.record(950, FAILED);
    window.age(150);
    window.record(950, SLOW);
    expect(window).toMatchObject({ calls: 2, failures: 1, slow: 1 });
  });

  it.each([999, 1_000, 1_001, 1_050, 5_000, 1e9])(
    'holds what is younger than its span after %p ms without a call',
    pause => {
      const window = createWindow({
        type: 'time',
        duration: 1_000,
        buckets: 10,
      });
      for (let at = 0; at < 1_000; at += 100) window.record(at, FAILED);
      const last = 900;
      window.age(last + pause);
      // Whole buckets: those whose first instant is not a span old.
      const oldest = Math.floor((last + pause) / 100) - 9;
      const left = Math.max(0, 10 - oldest);
      expect([window.calls, window.failures]).toEqual([left, left]);
    },
  );
});

describe('a window of calls', () => {
  it.each([false as const, 30])(
    'takes no more memory than its size, however many calls it has seen (maxAge %s)',
    maxAge => {
      const window = createWindow({ type: 'count', size: 20, maxAge });
      const sizes = [20, 60, 1_000].map(until => {
        for (let now = until / 2; now < until; now++) {
          window.record(now, now % 3 === 0 ? FAILED : 0);
        }
        return serialize(window).byteLength;
      });
      // Of which no entry is more than a few numbers.
      expect(Math.max(...sizes)).toBeLessThan(600);
      expect(window.calls).toBe(20);
    },
  );

  it('keeps those of exactly maxAge when an older one goes', () => {
    const window = createWindow({ type: 'count', size: 5, maxAge: 100 });
    window.record(0, FAILED);
    window.record(50, SLOW);
    window.age(150);
    expect(window).toMatchObject({ calls: 1, failures: 0, slow: 1 });
    window.age(151);
    expect(window.calls).toBe(0);
    window.record(152, FAILED);
    expect(window).toMatchObject({ calls: 1, failures: 1, slow: 0 });
  });
});
