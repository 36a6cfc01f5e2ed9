import { describe, expect, it, jest } from '@jest/globals';
import { InvalidOptionsError } from '../../lib/errors/invalid-options.error.js';
import { cacheKeyOf, cacheNamespace } from '../../lib/policies/cache-key.js';
import type { CacheKeyFunction } from '../../lib/policies/cache-options.js';
import { TestPolicyHost } from '../support/policy-host.js';

function bench(key?: CacheKeyFunction) {
  const host = new TestPolicyHost();
  const keyOf = (namespace: string, ...args: unknown[]) =>
    cacheKeyOf({ key }, namespace, args, host);
  return { host, keyOf };
}

const load = cacheNamespace('rates', null, 'Rates.load');

describe('the key of a cached call', () => {
  it('is as the user names it up to 200 letters, and short beyond', () => {
    const { keyOf } = bench((name: string) => name);
    expect(keyOf(load, 'x'.repeat(200))).toBe(load + 'x'.repeat(200));
    const [one, other] = ['x', 'y'].map(each => keyOf(load, each.repeat(201)));
    expect(one).not.toBe(other);
    expect(one).toMatch(/#[\w-]{43}$/);
  });

  it('says what it answered that is no key, and which call needs one', () => {
    const { host, keyOf } = bench((() => ({ a: 1 })) as never);
    expect(keyOf(load, 1)).toBeUndefined();
    expect(String(host.reported[0]?.error)).toContain(
      'it answered { a: 1 }, which is no string',
    );
    expect(() => bench().keyOf(load, new Map())).toThrow(
      `A cached call of "${host.name}"`,
    );
  });

  it('keeps methods apart that get the same arguments', () => {
    const { keyOf } = bench();
    expect(keyOf(load, 1)).toBe(keyOf(load, 1));
    expect(keyOf(load, 1)).not.toBe(
      keyOf(cacheNamespace('rates', null, 'Rates.find'), 1),
    );
  });

  it('keeps apart what only looks alike when it is put together', () => {
    const { keyOf } = bench((name: string) => name);
    const keys = [
      keyOf(cacheNamespace('a', 'b', 'c'), 'd'),
      keyOf(cacheNamespace('a', 'b'), '"c"]d'),
      keyOf(cacheNamespace('a', 'b', 'cd'), ''),
      keyOf(cacheNamespace('a","b', 'c'), 'd'),
      keyOf(cacheNamespace('a', null, 'c'), 'd'),
      keyOf(cacheNamespace('a', 'null', 'c'), 'd'),
    ];
    expect(new Set(keys).size).toBe(keys.length);
  });

  it('stays short, however long the arguments are, and tells them apart', () => {
    const { keyOf } = bench();
    const long = 'x'.repeat(100_000);
    const keys = [keyOf(load, long), keyOf(load, `${long}y`)];
    expect(keys[0]).not.toBe(keys[1]);
    expect(keys[0]).toBe(keyOf(load, long));
    expect(keys[0]!.length).toBeLessThan(load.length + 50);
  });

  it('lets nobody name the value of another by its hash', () => {
    const { keyOf } = bench((name: string) => name);
    const hashed = keyOf(load, 'x'.repeat(1_000))!.slice(load.length);
    expect(hashed).toMatch(/^#/);
    expect(keyOf(load, hashed)).not.toBe(keyOf(load, 'x'.repeat(1_000)));
  });

  it("asks the user's key with the arguments, but for signals", () => {
    const key = jest.fn((id: string) => id);
    const { keyOf } = bench(key);
    expect(keyOf(load, 'a', AbortSignal.abort())).toBe(`${load}a`);
    expect(key.mock.calls).toEqual([['a']]);
  });

  it('takes a number for a key', () => {
    const { keyOf, host } = bench(((id: number) => id) as never);
    expect(keyOf(load, 7)).toBe(`${load}7`);
    expect(host.reported).toEqual([]);
  });

  it('caches nothing where the key is undefined', () => {
    const { keyOf, host } = bench(() => undefined);
    expect(keyOf(load, 1)).toBeUndefined();
    expect(host.reported).toEqual([]);
  });

  it.each([
    ['null', null],
    ['an object', { id: 1 }],
    ['a boolean', true],
  ])('caches nothing where the key is %s, and says so', (_, name) => {
    const { keyOf, host } = bench((() => name) as never);
    expect(keyOf(load, 1)).toBeUndefined();
    expect(host.reported).toMatchObject([{ what: 'cache.key' }]);
  });

  it('caches nothing where the key throws, and says so', () => {
    const error = new Error('a bug');
    const { keyOf, host } = bench(() => {
      throw error;
    });
    expect(keyOf(load, 1)).toBeUndefined();
    expect(host.reported).toEqual([{ what: 'cache.key', error }]);
  });

  it('stops a call without a key whose arguments say nothing, and says what to do', () => {
    const { keyOf } = bench();
    const stop = () => keyOf(load, { filter: new Map() });
    expect(stop).toThrow(InvalidOptionsError);
    expect(stop).toThrow(
      'cache.key: is missing, and argument 1.filter is an instance of Map, which cannot be part of a key; give key, a function of the arguments that answers a string',
    );
  });
});
