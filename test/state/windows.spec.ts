import { serialize } from 'node:v8';
import { describe, expect, it } from '@jest/globals';
import {
  createWindow,
  FAILED,
  SLOW,
  type Mark,
} from '../../lib/state/call-window.js';

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

  it('tells what each of its calls was from what the others were', () => {
    const window = createWindow({ type: 'count', size: 40, maxAge: false });
    const marks: Mark[] = [];
    for (let now = 0; now < 200; now++) {
      // In no order that comes again within the window.
      const mark = (((now * now) % 83) % 4) as Mark;
      marks.push(mark);
      window.record(now, mark);
      const held = marks.slice(-40);
      expect(window).toMatchObject({
        calls: held.length,
        failures: held.filter(each => each & FAILED).length,
        slow: held.filter(each => each & SLOW).length,
      });
    }
  });

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
