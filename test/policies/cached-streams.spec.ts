import { getEventListeners } from 'node:events';
import { describe, expect, it } from '@jest/globals';
import { concat, of, range, Subject, throwError, type Observable } from 'rxjs';
import {
  cacheSchema,
  type CacheRules,
} from '../../lib/policies/cache-options.js';
import type { CacheStore } from '../../lib/policies/cache-store.js';
import { StaleCache } from '../../lib/policies/stale-cache.js';
import { parsePolicy } from '../support/parse-policy.js';
import { settled, TestPolicyHost } from '../support/policy-host.js';

class Down extends Error {}
const down = new Down();
const failing = throwError(() => down);

function bench(options: Record<string, unknown> = {}, store?: CacheStore) {
  const host = new TestPolicyHost();
  const rules = parsePolicy('cache', cacheSchema, {
    staleFor: 1_000,
    ...options,
  }) as CacheRules;
  const cache = new StaleCache(rules, host, store);
  const hits: string[] = [];
  let made = 0;
  const signals: (AbortSignal | undefined)[] = [];
  /** Subscribes to a source by way of the cache. */
  const watch = (
    source: Observable<unknown>,
    key = 'a',
    {
      completed,
      caller,
    }: { completed?: () => void; caller?: AbortSignal } = {},
  ) => {
    const seen: unknown[] = [];
    const subscription = cache
      .observe(
        key,
        {
          call: signal => {
            made++;
            signals.push(signal);
            return source;
          },
          answersFor: error => error instanceof Down,
          isGood: value => value !== 'bad',
          hit: hit => hits.push(hit),
        },
        caller,
      )
      .subscribe({
        next: value => seen.push(value),
        error: (error: unknown) => seen.push(error),
        complete: () => {
          seen.push('complete');
          completed?.();
        },
      });
    return { seen, subscription };
  };
  return { clock: host.clock, host, watch, hits, calls: () => made, signals };
}

describe('a cache of Observables', () => {
  it('keeps all values of one that completed, and answers with them for one that failed', () => {
    const { watch, hits } = bench();
    watch(of(1, null, undefined));
    expect(watch(failing).seen).toEqual([1, null, undefined, 'complete']);
    expect(hits).toEqual(['stale']);
  });

  it('keeps one that completed without a value', () => {
    const { watch, hits } = bench();
    watch(of());
    expect(watch(failing).seen).toEqual(['complete']);
    expect(hits).toEqual(['stale']);
  });

  it('does not answer once values have come', () => {
    const { watch, hits } = bench();
    watch(of(1));
    expect(watch(concat(of(2), failing)).seen).toEqual([2, down]);
    expect(hits).toEqual([]);
  });

  it.each([
    ['failed', concat(of(2), failing)],
    ['sent what is not good', of(2, 'bad')],
    ['sent more than a thousand values', range(0, 1_001)],
  ])('does not keep one that %s', (_, source) => {
    const { watch } = bench();
    watch(of(1));
    watch(source);
    expect(watch(failing).seen).toEqual([1, 'complete']);
  });

  it('does not keep one that was unsubscribed from', () => {
    const { watch } = bench();
    const source = new Subject();
    const { subscription } = watch(source);
    source.next(1);
    subscription.unsubscribe();
    expect(watch(failing).seen).toEqual([down]);
  });

  it('answers neither for an answer nor when too old', () => {
    const { watch, clock } = bench();
    watch(of(1));
    const answer = new Error('not found');
    expect(watch(throwError(() => answer)).seen).toEqual([answer]);
    clock.advance(1_001);
    expect(watch(failing).seen).toEqual([down]);
  });

  it('answers without a call while it is fresh', () => {
    const { watch, clock, hits, calls } = bench({ freshFor: 100 });
    watch(of(1, 2));
    clock.advance(100);
    expect(watch(of(3)).seen).toEqual([1, 2, 'complete']);
    expect(calls()).toBe(1);
    expect(hits).toEqual(['fresh']);
    clock.advance(1);
    expect(watch(of(3)).seen).toEqual([3, 'complete']);
  });

  it('looks anew at each subscription', () => {
    const { watch, calls } = bench();
    watch(of(1));
    watch(of(2));
    expect(calls()).toBe(2);
    expect(watch(failing).seen).toEqual([2, 'complete']);
  });

  it('uses a store, and takes nothing foreign from it', async () => {
    const values = new Map<string, unknown>();
    const store: CacheStore = {
      get: async key => values.get(key),
      set: async (key, value) => values.set(key, value),
    };
    const { watch, clock } = bench({ freshFor: 100 }, store);
    watch(of(1));
    await settled();
    const { seen } = watch(of(2));
    await settled();
    expect(seen).toEqual([1, 'complete']);
    values.set('nestjs-breaker:a', { at: clock.wallTime(), value: 'no list' });
    const { seen: anew } = watch(failing);
    await settled();
    expect(anew).toEqual([down]);
  });

  it('waits for a store that hangs no longer than its deadline', async () => {
    const store: CacheStore = {
      get: () => new Promise(() => {}),
      set: () => new Promise(() => {}),
    };
    const { watch, clock } = bench({ freshFor: 100, deadline: 50 }, store);
    const { seen } = watch(of(1));
    clock.advance(49);
    await settled();
    expect(seen).toEqual([]);
    clock.advance(1);
    await settled();
    expect(seen).toEqual([1, 'complete']);
  });
});

describe('the abort of a caller', () => {
  it.each([{}, { coalesce: true }])(
    'ends their subscription with its reason, with %j',
    options => {
      const { watch } = bench(options);
      const caller = new AbortController();
      const source = new Subject();
      const { seen } = watch(source, 'a', { caller: caller.signal });
      source.next(1);
      caller.abort('gone');
      expect(seen).toEqual([1, 'gone']);
      expect(source.observed).toBe(false);
      expect(getEventListeners(caller.signal, 'abort')).toHaveLength(0);
    },
  );

  it('ends it also while a store hangs', () => {
    const store: CacheStore = {
      get: () => new Promise(() => {}),
      set: () => new Promise(() => {}),
    };
    const { watch, calls } = bench({ freshFor: 100 }, store);
    const caller = new AbortController();
    const { seen } = watch(of(1), 'a', { caller: caller.signal });
    caller.abort('gone');
    expect(seen).toEqual(['gone']);
    expect(calls()).toBe(0);
  });

  it('reaches a call that nobody else shares', () => {
    const { watch, signals } = bench();
    const { signal } = new AbortController();
    watch(of(1), 'a', { caller: signal });
    expect(signals).toEqual([signal]);
  });

  it('does not disturb those who share the call', () => {
    const { watch, signals } = bench({ coalesce: true });
    const caller = new AbortController();
    const source = new Subject();
    const first = watch(source, 'a', { caller: caller.signal });
    const second = watch(source);
    caller.abort('gone');
    source.next(1);
    expect(first.seen).toEqual(['gone']);
    expect(second.seen).toEqual([1]);
    expect(signals).toEqual([undefined]);
  });
});

describe('a cache that lets Observables share', () => {
  it('makes one call, and gives latecomers the values they missed', () => {
    const { watch, calls } = bench({ coalesce: true });
    const source = new Subject();
    const first = watch(source);
    source.next(1);
    const second = watch(source);
    source.next(2);
    source.complete();
    expect(first.seen).toEqual([1, 2, 'complete']);
    expect(second.seen).toEqual([1, 2, 'complete']);
    expect(calls()).toBe(1);
  });

  it('keeps keys apart', () => {
    const { watch, calls } = bench({ coalesce: true });
    watch(new Subject(), 'a');
    watch(new Subject(), 'b');
    expect(calls()).toBe(2);
  });

  it('makes a new call after the end, even at the very instant of it', () => {
    const { watch, calls } = bench({ coalesce: true });
    const source = new Subject();
    const again: unknown[][] = [];
    watch(source, 'a', {
      completed: () => again.push(watch(of(2)).seen),
    });
    source.complete();
    expect(again).toEqual([[2, 'complete']]);
    expect(calls()).toBe(2);
  });

  it('unsubscribes from the call when the last one has gone', () => {
    const { watch, calls } = bench({ coalesce: true });
    const source = new Subject();
    const [first, second] = [watch(source), watch(source)];
    first.subscription.unsubscribe();
    expect(source.observed).toBe(true);
    second.subscription.unsubscribe();
    expect(source.observed).toBe(false);
    expect(watch(of(1)).seen).toEqual([1, 'complete']);
    expect(calls()).toBe(2);
  });

  it('makes the call of whoever comes after one that failed', () => {
    const { watch } = bench({ coalesce: true });
    expect(watch(failing).seen).toEqual([down]);
    expect(watch(of(1)).seen).toEqual([1, 'complete']);
  });

  it('tells each subscriber that a kept value answers', () => {
    const { watch, hits } = bench({ coalesce: true });
    watch(of(1));
    const source = new Subject();
    const both = [watch(source), watch(source)];
    source.error(down);
    expect(both.map(({ seen }) => seen)).toEqual([
      [1, 'complete'],
      [1, 'complete'],
    ]);
    expect(hits).toEqual(['stale', 'stale']);
  });

  it('is not joined by those who would miss values', () => {
    const { watch, calls } = bench({ coalesce: true });
    const source = new Subject();
    watch(source);
    for (let value = 0; value < 1_000; value++) source.next(value);
    expect(watch(source).seen).toHaveLength(1_000);
    source.next(1_000);
    expect(watch(source).seen).toHaveLength(0);
    expect(calls()).toBe(2);
  });
});
