import { describe, expect, it, jest } from '@jest/globals';
import {
  cacheSchema,
  type CacheRules,
} from '../../lib/policies/cache-options.js';
import type { CacheStore } from '../../lib/policies/cache-store.js';
import { StaleCache } from '../../lib/policies/stale-cache.js';
import { parsePolicy } from '../support/parse-policy.js';
import { settled, TestPolicyHost } from '../support/policy-host.js';

const never = () => new Promise<never>(() => {});
const down = new Error('down');

function bench(store: CacheStore, options: Record<string, unknown> = {}) {
  const host = new TestPolicyHost();
  const rules = parsePolicy('cache', cacheSchema, {
    staleFor: 10_000,
    ...options,
  }) as CacheRules;
  const cache = new StaleCache(rules, host, store);
  const call = (result: unknown) =>
    cache.run('a', {
      call: async () => {
        if (result === down) throw down;
        return result;
      },
      answersFor: () => true,
      isGood: () => true,
      hit: () => {},
    });
  return { host, clock: host.clock, call };
}

/** A store that remembers what it was told. */
function memory() {
  const values = new Map<string, unknown>();
  return {
    values,
    get: jest.fn(async (key: string): Promise<unknown> => values.get(key)),
    set: jest.fn(async (key: string, value: unknown, _ttl?: number) =>
      values.set(key, value),
    ),
  };
}

describe('what a cache puts into a store', () => {
  it('stands under a key of ours, with its age, for as long as it is of use', async () => {
    const store = memory();
    const { call, clock } = bench(store);
    await call('value');
    await settled();
    expect(store.set.mock.calls).toEqual([
      ['nestjs-breaker:a', { at: clock.wallTime(), value: 'value' }, 10_000],
    ]);
  });

  it('is not read while calls succeed and nothing is fresh', async () => {
    const store = memory();
    const { call } = bench(store);
    await call(1);
    await call(2);
    expect(store.get).not.toHaveBeenCalled();
  });

  it.each([
    undefined,
    null,
    'text',
    5,
    {},
    { at: 'yesterday' },
    { at: NaN, value: 1 },
  ])('is not taken for ours when it is %j', async foreign => {
    const store = memory();
    store.values.set('nestjs-breaker:a', foreign);
    const { call } = bench(store);
    await expect(call(down)).rejects.toBe(down);
  });

  it('is not older than nothing when another process is ahead', async () => {
    const store = memory();
    const { call, clock } = bench(store, { freshFor: 100 });
    store.values.set('nestjs-breaker:a', {
      at: clock.wallTime() + 5_000,
      value: 'ahead',
    });
    await expect(call('other')).resolves.toBe('ahead');
  });
});

const failures: [string, () => Promise<never>][] = [
  ['rejects', () => Promise.reject(new Error('store down'))],
  [
    'throws',
    () => {
      throw new Error('store down');
    },
  ],
];

describe.each(failures)('a store that %s', (_, fail) => {
  it('fails no call that succeeds, and is reported once', async () => {
    const { call, host } = bench({ get: fail, set: fail }, { freshFor: 100 });
    for (const value of [1, 2, 3]) {
      await expect(call(value)).resolves.toBe(value);
    }
    await settled();
    expect(host.reported).toEqual([
      { what: "the cache store's get", error: new Error('store down') },
      { what: "the cache store's set", error: new Error('store down') },
    ]);
  });

  it('leaves a call that fails its own error', async () => {
    const { call, clock } = bench({ get: fail, set: fail });
    await expect(call(down)).rejects.toBe(down);
    expect(clock.pending).toBe(0);
  });
});

describe('a store that hangs', () => {
  it('delays no call that succeeds', async () => {
    const { call } = bench({ get: never, set: never });
    await expect(call(1)).resolves.toBe(1);
  });

  it.each([
    ['fresh', 1, { freshFor: 100 }],
    ['stale', down, {}],
    ['fresh, and then a stale', down, { freshFor: 100 }],
  ])(
    'delays a call that looks for a %s value by its deadline, once',
    async (_, result, options) => {
      const { call, clock, host } = bench(
        { get: never, set: never },
        { deadline: 50, ...options },
      );
      const ended = jest.fn();
      const answer = call(result);
      void answer.then(ended, ended);
      await settled();
      clock.advance(49);
      await settled();
      expect(ended).not.toHaveBeenCalled();
      clock.advance(1);
      await settled();
      expect(ended).toHaveBeenCalledTimes(1);
      expect(clock.pending).toBe(0);
      expect(host.reported).toEqual([
        {
          what: "the cache store's get",
          error: new Error('no answer within the deadline of 50 ms'),
        },
      ]);
      await answer.catch((error: unknown) => expect(error).toBe(down));
    },
  );

  it('may still answer for the failure when its answer has come by then', async () => {
    let answer!: (value: unknown) => void;
    const store = {
      get: () => new Promise<unknown>(resolve => (answer = resolve)),
      set: never,
    };
    const { clock, host } = bench(store);
    const rules = parsePolicy('cache', cacheSchema, {
      staleFor: 10_000,
      freshFor: 1,
    }) as CacheRules;
    let fail!: (error: unknown) => void;
    const called = new StaleCache(rules, host, store).run('a', {
      call: () => new Promise((_, reject) => (fail = reject)),
      answersFor: () => true,
      isGood: () => true,
      hit: () => {},
    });
    await settled();
    clock.advance(50);
    await settled();
    answer({ at: clock.wallTime() - 500, value: 'late' });
    await settled();
    fail(down);
    await expect(called).resolves.toBe('late');
  });

  it("does not delay the caller's abort, and no call is made after it", async () => {
    const { host, clock } = bench({ get: never, set: never });
    const rules = parsePolicy('cache', cacheSchema, {
      staleFor: 10_000,
      freshFor: 1,
    }) as CacheRules;
    const call = jest.fn(async () => 1);
    const caller = new AbortController();
    const answer = new StaleCache(rules, host, { get: never, set: never }).run(
      'a',
      { call, answersFor: () => true, isGood: () => true, hit: () => {} },
      caller.signal,
    );
    caller.abort('gone');
    await expect(answer).rejects.toBe('gone');
    clock.advance(50);
    await settled();
    expect(call).not.toHaveBeenCalled();
  });

  it('leaves no rejection unhandled that comes late', async () => {
    let reject!: (error: unknown) => void;
    const { call, clock } = bench({
      get: () => new Promise((_, no) => (reject = no)),
      set: never,
    });
    const unhandled = jest.fn();
    process.on('unhandledRejection', unhandled);
    const answer = call(down);
    await settled();
    clock.advance(50);
    await expect(answer).rejects.toBe(down);
    reject(new Error('late'));
    await settled();
    process.off('unhandledRejection', unhandled);
    expect(unhandled).not.toHaveBeenCalled();
  });
});
