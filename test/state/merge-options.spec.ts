import { describe, expect, it } from '@jest/globals';
import type { CircuitOptions } from '../../lib/state/circuit-options.js';
import { mergeOptions } from '../../lib/state/merge-options.js';

const wait = () => 1_000;

const nested = (inner: object) => ({ a: { b: { c: { d: inner } } } });

describe('mergeOptions', () => {
  it.each<[string, CircuitOptions, CircuitOptions, CircuitOptions]>([
    [
      'lays key over key',
      { mode: 'shadow', minimumCalls: 5 },
      { minimumCalls: 9, maxKeys: 3 },
      { mode: 'shadow', minimumCalls: 9, maxKeys: 3 },
    ],
    [
      'lays nested key over nested key',
      { halfOpen: { calls: 5, concurrency: 2 } },
      { halfOpen: { calls: 7 } },
      { halfOpen: { calls: 7, concurrency: 2 } },
    ],
    [
      'takes undefined for not given, nested too',
      { mode: 'shadow', halfOpen: { calls: 5 } },
      { mode: undefined, halfOpen: { calls: undefined }, window: undefined },
      { mode: 'shadow', halfOpen: { calls: 5 } },
    ],
    [
      'lets false switch off, and be switched on again',
      { failureRateThreshold: 0.5, failureCount: false },
      { failureRateThreshold: false, failureCount: 3 },
      { failureRateThreshold: false, failureCount: 3 },
    ],
    [
      'keeps a window of the same type',
      { window: { size: 10 } },
      { window: { type: 'count', maxAge: false } },
      { window: { type: 'count', size: 10, maxAge: false } },
    ],
    [
      'replaces a window of another type',
      { window: { size: 10, maxAge: '1m' } },
      { window: { type: 'time', duration: '10s' } },
      { window: { type: 'time', duration: '10s' } },
    ],
    [
      'replaces it the other way round, too',
      { window: { type: 'time', buckets: 5 } },
      { window: { type: 'count' } },
      { window: { type: 'count' } },
    ],
    [
      'keeps the type of a window that is given without one',
      { window: { type: 'time', buckets: 5 } },
      { window: { duration: '5s' } as object },
      { window: { type: 'time', buckets: 5, duration: '5s' } },
    ],
    [
      'replaces a plain wait by a growing one',
      { openDuration: '30s' },
      { openDuration: { initial: '1s', multiplier: 2 } },
      { openDuration: { initial: '1s', multiplier: 2 } },
    ],
    [
      'replaces a growing wait by a plain one',
      { openDuration: { initial: '1s', multiplier: 2 } },
      { openDuration: 5 },
      { openDuration: 5 },
    ],
    [
      'replaces functions and lists as a whole',
      { openDuration: { initial: 1, multiplier: 2 }, ignoreErrors: [Error] },
      { openDuration: wait, ignoreErrors: [TypeError] },
      { openDuration: wait, ignoreErrors: [TypeError] },
    ],
  ])('%s', (_rule, base, patch, merged) => {
    expect(mergeOptions(base, patch)).toEqual(merged);
  });

  it('leaves out what is undefined below', () => {
    const merged = mergeOptions<object>({ mode: undefined }, {});
    expect(Object.keys(merged)).toEqual([]);
  });

  it('takes a type of something else for an option like others', () => {
    expect(
      mergeOptions<object>(
        { store: { type: 'a', size: 1 } },
        { store: { type: 'b' } },
      ),
    ).toEqual({ store: { type: 'b', size: 1 } });
  });

  it('merges and copies down to the fourth group, and replaces below', () => {
    const below = { e: { old: 1 } };
    const given = { e: { new: 1 } };
    const merged = mergeOptions<object>(nested(below), nested(given));
    expect(merged).toEqual(nested({ e: { new: 1 } }));
    const { a } = merged as ReturnType<typeof nested>;
    expect(a.b.c.d).not.toBe(given);
    expect((a.b.c.d as typeof given).e).toBe(given.e);
  });

  it('answers options that can be changed', () => {
    const merged = mergeOptions<{ mode?: string }>({ mode: 'shadow' }, {});
    delete merged.mode;
    expect(merged).toEqual({});
  });

  it('changes and keeps neither argument', () => {
    const base = { halfOpen: { calls: 1 }, ignoreErrors: [Error] };
    const patch = { window: { size: 3 }, halfOpen: { concurrency: 1 } };
    const before = structuredClone(patch);

    const merged = mergeOptions<CircuitOptions>(base, patch);
    Object.assign(merged.window!, { size: 4 });
    Object.assign(merged.halfOpen!, { calls: 4 });
    merged.ignoreErrors!.push(TypeError);

    expect(base).toEqual({ halfOpen: { calls: 1 }, ignoreErrors: [Error] });
    expect(patch).toEqual(before);
  });

  it('takes frozen options', () => {
    const frozen = Object.freeze({ halfOpen: Object.freeze({ calls: 1 }) });

    expect(
      mergeOptions<CircuitOptions>(frozen, { halfOpen: { concurrency: 1 } }),
    ).toEqual({ halfOpen: { calls: 1, concurrency: 1 } });
  });

  it('takes no patch for an empty one', () => {
    expect(mergeOptions({ mode: 'shadow' }, undefined)).toEqual({
      mode: 'shadow',
    });
  });

  it.each([null, 5, 'x', [], new Date(), () => 1])(
    'leaves %p, which is no object of options, to those who validate',
    patch => {
      expect(mergeOptions<object>({ a: 1 }, patch as object)).toBe(patch);
    },
  );

  it('never reaches a prototype', () => {
    const patch = JSON.parse(
      '{ "__proto__": { "polluted": 1 }, "halfOpen": { "__proto__": { "polluted": 1 } } }',
    ) as CircuitOptions;

    const merged = mergeOptions<CircuitOptions>({ halfOpen: {} }, patch);

    expect(({} as { polluted?: number }).polluted).toBeUndefined();
    expect(Object.keys(merged)).toContain('__proto__');
    expect(Object.getPrototypeOf(merged)).toBe(Object.prototype);
  });

  it('ends on an object that contains itself', () => {
    const circle: { halfOpen?: object } = {};
    circle.halfOpen = circle;

    expect(() => mergeOptions<CircuitOptions>(circle, circle)).not.toThrow();
  });
});
