import { describe, expect, it } from '@jest/globals';
import {
  cacheSchema,
  type CacheRules,
} from '../../lib/policies/cache-options.js';
import type { CacheStore } from '../../lib/policies/cache-store.js';
import { StaleCache, type CachedCall } from '../../lib/policies/stale-cache.js';
import { parsePolicy } from '../support/parse-policy.js';
import { settled, TestPolicyHost } from '../support/policy-host.js';

const parse = (given: unknown) => parsePolicy('cache', cacheSchema, given);

describe('the option cache', () => {
  it('is off when it is not given, or false', () => {
    expect(parse(undefined)).toBe(false);
    expect(parse(false)).toBe(false);
  });

  it('has defaults for all but staleFor', () => {
    expect(parse({ staleFor: '10m' })).toEqual({
      staleFor: 600_000,
      freshFor: false,
      maxEntries: 1_000,
      coalesce: false,
      deadline: 50,
    });
  });

  it.each([
    [{}, /cache\.staleFor: is missing, takes a duration/],
    [{ staleFor: 0 }, /cache\.staleFor: got 0, takes a duration/],
    [
      { staleFor: '1m', freshFor: '2m' },
      /cache\.freshFor: got '2m': a value would be too old/,
    ],
    [{ staleFor: '1m', freshFor: 0 }, /cache\.freshFor: got 0/],
    [{ staleFor: '1m', key: 'id' }, /cache\.key: got 'id', takes a function/],
    [
      { staleFor: '1m', maxEntries: 0 },
      /cache\.maxEntries: got 0, takes a whole number from 1/,
    ],
    [
      { staleFor: '1m', deadline: 0 },
      /cache\.deadline: got 0, takes a duration from 1 ms/,
    ],
    [{ staleFor: '1m', store: {} }, /cache\.store: .*no such option/],
    [true, /cache: got true, takes \{ staleFor/],
  ])('refuses %j and says why', (given, message) => {
    expect(() => parse(given)).toThrow(message);
  });

  it('takes freshFor up to staleFor', () => {
    expect(parse({ staleFor: '1m', freshFor: '1m' })).toMatchObject({
      freshFor: 60_000,
    });
  });
});

/** The three ways that must agree on what is kept and when it answers. */
const ways = ['promise', 'value', 'promise from a store'] as const;

/** A store of another process: what comes out is a copy. */
function createStore(): CacheStore & { readonly set: CacheStore['set'] } {
  const values = new Map<string, string>();
  return {
    get: async key => {
      const text = values.get(key);
      return text === undefined ? undefined : (JSON.parse(text) as unknown);
    },
    set: async (key, value) => values.set(key, JSON.stringify(value)),
  };
}

class Down extends Error {}
class NotFound extends Error {}

function bench(
  options: Record<string, unknown>,
  way: (typeof ways)[number] = 'promise',
) {
  const host = new TestPolicyHost();
  const rules = parse({ staleFor: 1_000, ...options }) as CacheRules;
  const cache = new StaleCache(
    rules,
    host,
    way === 'promise from a store' ? createStore() : undefined,
  );
  const hits: string[] = [];
  const made: string[] = [];
  /** Calls with a result, or with an error that is thrown; answers with what the caller gets. */
  const call = async (result: unknown, key = 'a'): Promise<unknown> => {
    const make = () => {
      made.push(key);
      if (result instanceof Error) throw result;
      return result;
    };
    const cached = {
      answersFor: (error: unknown) => error instanceof Down,
      isGood: (value: unknown) => value !== 'bad',
      hit: (hit: string) => hits.push(hit),
    };
    const answer =
      way === 'value'
        ? (async () => cache.runSync(key, { ...cached, call: make }))()
        : cache.run(key, { ...cached, call: async () => make() });
    const outcome = await answer.catch((error: unknown) => error);
    await settled();
    return outcome;
  };
  return { host, clock: host.clock, cache, call, hits, made };
}

describe.each(ways)('a cache, by way of a %s', way => {
  const down = new Down();

  it('answers with the last good value for a call that failed', async () => {
    const { call, hits } = bench({}, way);
    await call('old');
    await call('new');
    expect(await call(down)).toBe('new');
    expect(hits).toEqual(['stale']);
  });

  it.each([null, undefined, 0, '', false])(
    'takes %p for a value',
    async value => {
      const { call, hits } = bench({}, way);
      await call(value);
      expect(await call(down)).toBe(value);
      expect(hits).toEqual(['stale']);
    },
  );

  it('has no answer for a failure before the first value', async () => {
    const { call } = bench({}, way);
    expect(await call(down)).toBe(down);
  });

  it('answers with a value of exactly staleFor, and with none that is older', async () => {
    const { call, clock } = bench({ staleFor: 1_000 }, way);
    await call('value');
    clock.advance(1_000);
    expect(await call(down)).toBe('value');
    clock.advance(1);
    expect(await call(down)).toBe(down);
  });

  it('measures the age from the last good value, not from its last use', async () => {
    const { call, clock } = bench({ staleFor: 1_000 }, way);
    await call('value');
    clock.advance(600);
    await call(down);
    clock.advance(600);
    expect(await call(down)).toBe(down);
  });

  it('does not answer for an error that is an answer', async () => {
    const { call, hits } = bench({}, way);
    await call('value');
    const error = new NotFound();
    expect(await call(error)).toBe(error);
    expect(hits).toEqual([]);
  });

  it('makes every call unless told how long a value is fresh', async () => {
    const { call, made } = bench({}, way);
    await call(1);
    expect(await call(2)).toBe(2);
    expect(made).toHaveLength(2);
  });

  it('answers without a call while a value is fresh: up to exactly freshFor', async () => {
    const { call, clock, hits, made } = bench({ freshFor: 100 }, way);
    await call('value');
    clock.advance(100);
    expect(await call('other')).toBe('value');
    expect(made).toHaveLength(1);
    expect(hits).toEqual(['fresh']);
    clock.advance(1);
    expect(await call('other')).toBe('other');
    expect(made).toHaveLength(2);
  });

  it('answers with a value that is no longer fresh when the call fails', async () => {
    const { call, clock, hits } = bench({ freshFor: 100 }, way);
    await call('value');
    clock.advance(101);
    expect(await call(down)).toBe('value');
    expect(hits).toEqual(['stale']);
  });

  it('does not keep a value that is not good, nor lose the good one for it', async () => {
    const { call } = bench({}, way);
    await call('good');
    expect(await call('bad')).toBe('bad');
    expect(await call(down)).toBe('good');
  });

  it('keeps the values of two keys apart', async () => {
    const { call } = bench({}, way);
    await call(1, 'a');
    await call(2, 'b');
    expect(await call(down, 'a')).toBe(1);
    expect(await call(down, 'b')).toBe(2);
  });

  it('takes a clock that is set back for no time', async () => {
    const { call, clock } = bench({ staleFor: 1_000 }, way);
    clock.set(10_000);
    await call('value');
    clock.set(0);
    expect(await call(down)).toBe('value');
  });
});

describe('a cache in memory', () => {
  it('is bounded: what was used least recently goes first', async () => {
    const { call } = bench({ maxEntries: 2 });
    await call(1, 'a');
    await call(2, 'b');
    await call(new Down(), 'a');
    await call(3, 'c');
    expect(await call(new Down(), 'a')).toBe(1);
    expect(await call(new Down(), 'b')).toBeInstanceOf(Down);
    expect(await call(new Down(), 'c')).toBe(3);
  });

  it('hands values out as they are', async () => {
    const { call } = bench({});
    const value = new Map();
    await call(value);
    expect(await call(new Down())).toBe(value);
  });

  it('starts no timer', async () => {
    const { call, clock } = bench({ freshFor: 100 });
    await call(1);
    await call(2);
    expect(clock.pending).toBe(0);
  });
});

function shared(
  options: Record<string, unknown> = {},
  way?: (typeof ways)[number],
) {
  const { cache, ...rest } = bench({ coalesce: true, ...options }, way);
  const calls: {
    resolve(value: unknown): void;
    reject(error: unknown): void;
    signal: AbortSignal | undefined;
  }[] = [];
  const hits: string[] = [];
  const call = (name: string, caller?: AbortSignal, key = 'a') => {
    const cached: CachedCall<Promise<unknown>> = {
      call: signal =>
        new Promise((resolve, reject) => {
          calls.push({ resolve, reject, signal });
        }),
      answersFor: error => error instanceof Down,
      isGood: () => true,
      hit: hit => hits.push(`${name}: ${hit}`),
    };
    return cache.run(key, cached, caller);
  };
  return { ...rest, cache, calls, call, hits };
}

describe('a cache that lets calls share', () => {
  it('makes one call for each key at a time', async () => {
    const { call, calls } = shared();
    const answers = [call('one'), call('two'), call('three', undefined, 'b')];
    expect(calls).toHaveLength(2);
    calls[0]!.resolve(1);
    calls[1]!.resolve(2);
    expect(await Promise.all(answers)).toEqual([1, 1, 2]);
    void call('four');
    expect(calls).toHaveLength(3);
  });

  it('tells each caller that a kept value answers', async () => {
    const { call, calls, hits } = shared();
    const first = call('one');
    calls[0]!.resolve('value');
    await first;
    const answers = [call('two'), call('three')];
    calls[1]!.reject(new Down());
    expect(await Promise.all(answers)).toEqual(['value', 'value']);
    expect(hits).toEqual(['two: stale', 'three: stale']);
  });

  it('shares the look into a store, too', async () => {
    const { call, calls } = shared({ freshFor: 100 }, 'promise from a store');
    const answers = [call('one'), call('two')];
    await settled();
    expect(calls).toHaveLength(1);
    calls[0]!.resolve('value');
    expect(await Promise.all(answers)).toEqual(['value', 'value']);
  });

  it('goes on when the one who began it has gone, and ends with the last', async () => {
    const { call, calls } = shared();
    const [one, two] = [new AbortController(), new AbortController()];
    const answers = [call('one', one.signal), call('two', two.signal)];
    one.abort('gone');
    await expect(answers[0]).rejects.toBe('gone');
    expect(calls[0]!.signal?.aborted).toBe(false);
    two.abort('gone, too');
    await expect(answers[1]).rejects.toBe('gone, too');
    expect(calls[0]!.signal?.aborted).toBe(true);
  });

  it('does not share unless told to', async () => {
    const { call, calls } = shared({ coalesce: false });
    const caller = new AbortController();
    void call('one', caller.signal);
    void call('two');
    expect(calls).toHaveLength(2);
    expect(calls[0]!.signal).toBe(caller.signal);
  });
});
