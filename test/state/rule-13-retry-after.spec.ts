import { describe, expect, it } from '@jest/globals';
import type { CircuitOptions } from '../../lib/state/circuit-options.js';
import { CircuitBench } from '../support/circuit-bench.js';

const seconds = (value: unknown) => ({ headers: { 'retry-after': value } });

/** The wait of an opening by one failure with the error. */
function waitAfter(error: unknown, options: CircuitOptions = {}, random = 0) {
  const bench = new CircuitBench({ consecutiveFailures: 1, ...options });
  bench.random = random;
  bench.acquire().failure(error);
  expect(bench.state).toBe('open');
  return bench.retryAfter;
}

describe('rule 13: Retry-After', () => {
  it.each<[string, unknown, number]>([
    ['seconds in headers', seconds('120'), 120_000],
    ['seconds as a number', seconds(120), 120_000],
    [
      'seconds in response.headers',
      { response: { headers: { 'retry-after': '120' } } },
      120_000,
    ],
    ['a header in capitals', { headers: { 'Retry-After': '120' } }, 120_000],
    ['Headers', { headers: new Headers({ 'Retry-After': '120' }) }, 120_000],
    [
      'Headers in a response',
      { response: { headers: new Headers({ 'retry-after': '120' }) } },
      120_000,
    ],
    [
      'an Error that carries headers',
      Object.assign(new Error('busy'), seconds('120')),
      120_000,
    ],
    ['less than the base', seconds('5'), 60_000],
    ['zero', seconds('0'), 60_000],
    ['a negative number', seconds('-120'), 60_000],
    ['words', seconds('soon'), 60_000],
    [
      'words before a date',
      seconds('not before Fri, 01 Feb 2030 00:00:00 GMT'),
      60_000,
    ],
    ['nothing', seconds(''), 60_000],
    ['null', seconds(null), 60_000],
    ['no headers', new Error('down'), 60_000],
    ['headers that are null', { headers: null, response: null }, 60_000],
    ['an error that is undefined', undefined, 60_000],
    ['more than maxOpenDuration', seconds('86400'), 600_000],
    ['a number without end', seconds('9'.repeat(400)), 600_000],
  ])('rule 13: %s', (_what, error, wait) => {
    expect(waitAfter(error)).toBe(wait);
  });

  it('rule 13: a date is read on the wall clock', () => {
    const bench = new CircuitBench({ consecutiveFailures: 1 });
    const date = new Date(bench.clock.wallTime() + 90_000).toUTCString();
    bench.acquire().failure(seconds(date));
    expect(bench.retryAfter).toBe(90_000);
  });

  it.each([1, 2, 3, 4, 5, 6, 7])(
    'rule 13: a date is read whatever day of the week it is: in %i days',
    days => {
      const wait = days * 24 * 3_600_000;
      const options = { consecutiveFailures: 1, maxOpenDuration: '7d' };
      const bench = new CircuitBench(options);
      const date = new Date(bench.clock.wallTime() + wait).toUTCString();
      bench.acquire().failure(seconds(date));
      expect(bench.retryAfter).toBe(wait);
    },
  );

  it('rule 13: a date in the past leaves the base', () => {
    expect(waitAfter(seconds('Wed, 21 Oct 2015 07:28:00 GMT'))).toBe(60_000);
  });

  it('rule 13: headers that throw leave the base, and the call its result', async () => {
    const bench = new CircuitBench({ consecutiveFailures: 1 });
    const error = {
      get headers() {
        throw new Error('no headers');
      },
    };
    await expect(
      bench.circuit.execute(() => Promise.reject(error)),
    ).rejects.toBe(error);
    expect(bench.retryAfter).toBe(60_000);
    expect(bench.circuit.snapshot().inFlight).toBe(0);
  });

  it('rule 13: the longer of base and Retry-After is stretched by the jitter', () => {
    const options = { openJitter: 0.5 };
    expect(waitAfter(seconds('120'), options, 0.5)).toBe(150_000);
    expect(waitAfter(seconds('5'), options, 0.5)).toBe(75_000);
  });

  it('rule 13: and then capped', () => {
    const options = { openJitter: 0.5, maxOpenDuration: '2m' };
    expect(waitAfter(seconds('100'), options, 0.5)).toBe(120_000);
  });

  it('rule 13: counts only on the failure that opens', () => {
    const bench = new CircuitBench({ consecutiveFailures: 2 });
    bench.acquire().failure(seconds('300'));
    bench.play('F');
    expect(bench.retryAfter).toBe(60_000);
  });

  it('rule 13: does not count on a failure that belongs to an older generation', () => {
    const bench = new CircuitBench({ consecutiveFailures: 1 });
    const late = bench.acquire();
    bench.trip();
    late.failure(seconds('300'));
    expect(bench.retryAfter).toBe(60_000);
  });

  it('rule 13: counts on a probe whose failure reopens', () => {
    const bench = new CircuitBench({
      consecutiveFailures: 1,
      halfOpen: { calls: 1 },
    });
    bench.tripAndProbe().failure(seconds('300'));
    expect(bench.retryAfter).toBe(300_000);
  });

  it('rule 13: counts for one opening and is gone for the next', () => {
    const bench = new CircuitBench({
      consecutiveFailures: 1,
      halfOpen: { calls: 1 },
    });
    bench.acquire().failure(seconds('300'));
    bench.advance(300_000).play('F');
    expect(bench.retryAfter).toBe(60_000);
  });

  it('rule 13: is read from what execute rejects with', async () => {
    const bench = new CircuitBench({ consecutiveFailures: 1 });
    const error = {
      response: { status: 429, headers: { 'retry-after': '90' } },
    };
    await bench.circuit.execute(() => Promise.reject(error)).catch(() => {});
    expect(bench.retryAfter).toBe(90_000);
  });

  it('rule 13: lengthens a wait that grows', () => {
    const options = { openDuration: { initial: 1_000, multiplier: 2 } };
    expect(waitAfter(seconds('30'), options)).toBe(30_000);
  });
});
