import { describe, expect, it } from '@jest/globals';
import {
  asDocument,
  joinOptions,
  layChange,
  layPatch,
  sendable,
} from '../../lib/redis/shared-options.js';
import type { CircuitOptions } from '../../lib/state/circuit-options.js';

describe('what of options can be sent', () => {
  it('is what JSON can carry', () => {
    class Wanted extends Error {}
    const patch = {
      maxKeys: 3,
      recordErrors: [Wanted],
      ignoreErrors: ['name', null],
      openDuration: () => 1,
      halfOpen: { calls: 3, maxDuration: undefined, concurrency: NaN },
      bulkhead: {},
      critical: undefined,
    } as unknown as CircuitOptions;
    expect(sendable(patch)).toEqual({
      maxKeys: 3,
      ignoreErrors: ['name', null],
      halfOpen: { calls: 3 },
      bulkhead: {},
    });
    expect(Object.keys(sendable(patch))).not.toContain('critical');
  });
});

const lay = (options: object, patch: object) =>
  layPatch(options as never, patch as never, 9);

describe('a patch that is laid over options', () => {
  it('is told by path, each as JSON with its generation', () => {
    expect(lay({}, { maxKeys: 3, halfOpen: { calls: 2 } })).toEqual({
      maxKeys: [9, '3'],
      'halfOpen.calls': [9, '2'],
    });
  });

  it('leaves the other options and parts', () => {
    const before = { 'halfOpen.calls': [1, '2'], maxKeys: [1, '3'] };
    expect(lay(before, { halfOpen: { concurrency: 4 } })).toEqual({
      ...before,
      'halfOpen.concurrency': [9, '4'],
    });
  });

  it('ends the parts of what it sets as a whole, and of nothing with a like name', () => {
    const before = {
      'openDuration.initial': [1, '5'],
      openDurationOfOthers: [1, '5'],
    };
    expect(lay(before, { openDuration: 7 })).toEqual({
      openDuration: [9, '7'],
      openDurationOfOthers: [1, '5'],
    });
  });

  it('changes nothing by an object of nothing, unless it replaces a whole', () => {
    expect(lay({}, { halfOpen: {} })).toEqual({});
    const parts = { 'halfOpen.calls': [1, '2'] };
    expect(lay(parts, { halfOpen: {} })).toEqual(parts);
    const both = { bulkhead: [1, 'false'], 'bulkhead.maxQueue': [2, '2'] };
    expect(lay(both, { bulkhead: {} })).toEqual(both);
    const off = { bulkhead: [1, 'false'] };
    expect(lay(off, { bulkhead: {} })).toEqual({ bulkhead: [9, '{}'] });
  });

  it('replaces a window by one of another type', () => {
    const count = { 'window.size': [1, '9'] };
    const time = { 'window.type': [1, '"time"'], 'window.buckets': [1, '5'] };
    expect(lay(count, { window: { type: 'time', buckets: 5 } })).toEqual({
      window: [9, '{}'],
      'window.type': [9, '"time"'],
      'window.buckets': [9, '5'],
    });
    expect(lay(count, { window: { type: 'count' } })).toEqual({
      ...count,
      'window.type': [9, '"count"'],
    });
    expect(lay(time, { window: { buckets: 6 } })).toEqual({
      ...time,
      'window.buckets': [9, '6'],
    });
    expect(lay(time, { window: { type: 'count' } })).toEqual({
      window: [9, '{}'],
      'window.type': [9, '"count"'],
    });
  });
});

describe('a change that is laid over options', () => {
  it('does not change these', () => {
    const options = { maxKeys: [1, '3'] } as const;
    layChange(options, { maxKeys: '4' }, 9);
    joinOptions(options, { critical: [2, 'true'] });
    expect(options).toEqual({ maxKeys: [1, '3'] });
  });
});

describe('options of two that are joined', () => {
  it('are of each the later', () => {
    expect(
      joinOptions(
        { a: [1, '1'], b: [3, '3'], c: [2, '2'] },
        { a: [2, '2'], b: [2, '2'], d: [1, '1'], c: [2, '2'] },
      ),
    ).toEqual({ a: [2, '2'], b: [3, '3'], c: [2, '2'], d: [1, '1'] });
  });

  it('keep what was known where two are of one generation', () => {
    expect(joinOptions({ a: [1, '1'] }, { a: [1, '2'] })).toEqual({
      a: [1, '1'],
    });
  });

  it('keep the parts that were set with the whole or after it', () => {
    const parts = {
      'a.b': [1, '1'],
      'a.c': [2, '2'],
      'a.d': [3, '3'],
    } as const;
    expect(joinOptions(parts, { a: [2, '{}'] })).toEqual({
      a: [2, '{}'],
      'a.c': [2, '2'],
      'a.d': [3, '3'],
    });
  });
});

describe('options as a document', () => {
  it('have their parts in the whole, whatever their order', () => {
    expect(
      asDocument({
        'a.b.c': [3, '1'],
        'a.d': [3, '"x"'],
        a: [2, '{}'],
        e: [1, '[1]'],
      }),
    ).toEqual({ a: { b: { c: 1 }, d: 'x' }, e: [1] });
  });

  it('have parts where the whole is a single value', () => {
    expect(asDocument({ a: [1, 'false'], 'a.b': [2, '1'] })).toEqual({
      a: { b: 1 },
    });
  });

  it('take nothing from what every object has', () => {
    const document = asDocument({ 'constructor.a': [1, '1'] });
    expect(document).toEqual({ constructor: { a: 1 } });
    expect(Object).not.toHaveProperty('a');
  });
});
