import { describe, expect, it } from '@jest/globals';
import { SharedWindow } from '../../lib/redis/shared-window.js';

const MAX_AGE = 60_000;

describe('what an instance knows of the shared window', () => {
  it('is nothing before it has added a call', () => {
    expect(new SharedWindow().describe(0, MAX_AGE)).toEqual({
      share: null,
      window: null,
    });
  });

  it('has the share of its own calls, over all buckets that count', () => {
    const window = new SharedWindow();
    window.take([10, 1, 0, 0, 5], 4, 0);
    window.take([20, 2, 3, 0, 6], 1, 100);
    expect(window.describe(200, MAX_AGE)).toEqual({
      share: 0.25,
      window: { calls: 20, failures: 2, slow: 3 },
    });
  });

  it('has its calls in the oldest bucket that counts', () => {
    const window = new SharedWindow();
    window.take([10, 0, 0, 5, 5], 4, 0);
    window.take([20, 0, 0, 5, 6], 1, 100);
    expect(window.describe(100, MAX_AGE).share).toBe(0.25);
  });

  it('has no share of no calls', () => {
    const window = new SharedWindow();
    window.take([0, 0, 0, 5, 5], 0, 0);
    expect(window.describe(0, MAX_AGE)).toEqual({
      share: null,
      window: { calls: 0, failures: 0, slow: 0 },
    });
  });

  it('lets go of its calls with their bucket', () => {
    const window = new SharedWindow();
    window.take([10, 0, 0, 0, 5], 10, 0);
    window.take([4, 0, 0, 6, 8], 1, 100);
    expect(window.describe(100, MAX_AGE).share).toBe(0.25);
  });

  it('lets go of buckets that a clock which was set back has not reached', () => {
    const window = new SharedWindow();
    window.take([10, 0, 0, 0, 900], 10, 0);
    window.take([4, 0, 0, 0, 8], 2, 100);
    expect(window.describe(100, MAX_AGE).share).toBe(0.5);
  });

  it('is nothing again when none of its calls counts any more', () => {
    const window = new SharedWindow();
    window.take([10, 0, 0, 0, 5], 10, 0);
    expect(window.describe(MAX_AGE, MAX_AGE).share).toBe(1);
    expect(window.describe(MAX_AGE + 1, MAX_AGE)).toEqual({
      share: null,
      window: null,
    });
  });

  it('begins anew with a new window', () => {
    const window = new SharedWindow();
    window.take([10, 0, 0, 0, 5], 10, 0);
    window.clear();
    window.take([10, 0, 0, 0, 5], 5, 0);
    expect(window.describe(0, MAX_AGE).share).toBe(0.5);
  });
});
