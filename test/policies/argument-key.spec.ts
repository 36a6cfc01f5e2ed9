import { createContext, runInContext } from 'node:vm';
import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import {
  argumentKey,
  UnserializableArgumentError,
  withoutSignals,
} from '../../lib/policies/argument-key.js';

class Money {
  constructor(readonly amount: number) {}
}

const cycle: Record<string, unknown> = {};
cycle['deep'] = [{ cycle }];

/** The same text for the same JSON, whatever the order of its keys. */
function sorted(value: unknown): string {
  return JSON.stringify(value, (_, each: unknown) =>
    typeof each === 'object' && each !== null && !Array.isArray(each)
      ? Object.fromEntries(
          Object.entries(each).toSorted(([x], [y]) => (x < y ? -1 : 1)),
        )
      : each,
  );
}

describe('the key of arguments', () => {
  it('tells apart where one ends and the next begins', () => {
    for (const [one, other] of [
      [
        [1, 23],
        [12, 3],
      ],
      [[[1, 23]], [[12, 3]]],
    ] as unknown[][][]) {
      expect(argumentKey(one!)).not.toBe(argumentKey(other!));
    }
    expect(argumentKey([{ a: 1, b: 2 }, -0, 0])).toBe('[{"a":1,"b":2},-0,0]');
  });

  it('says of what it cannot be made, by name', () => {
    expect(() => argumentKey([new Money(1)])).toThrow('an instance of Money');
    expect(new UnserializableArgumentError('here', 'odd').name).toBe(
      'UnserializableArgumentError',
    );
  });

  it('tells apart what is not the same', () => {
    const different: unknown[][] = [
      [],
      [null],
      [0],
      [-0],
      [1],
      ['1'],
      [1n],
      ['1n'],
      [NaN],
      ['NaN'],
      [Infinity],
      [-Infinity],
      [true],
      ['true'],
      ['undefined'],
      [undefined, 1],
      [null, 1],
      [[]],
      [{}],
      [[1, 2]],
      [1, 2],
      [['1', 2]],
      ['1,2'],
      [[[1], 2]],
      [[1, [2]]],
      [{ a: 1 }],
      [{ a: '1' }],
      [{ b: 1 }],
      [{ a: 1, b: 2 }],
      [{ a: undefined }],
      [{ a: null }],
      [new Date(0)],
      [new Date(1)],
      [new Date(NaN)],
      [0, new Date(0)],
      ['Date(0)'],
      [new Date(0).toISOString()],
      ['a"b'],
      ['a\\"b'],
      ['\ud800'],
      ['\ud801'],
      [JSON.parse('{"__proto__": 1}')],
      [{ a: { b: [{ c: 1 }] } }],
      [{ a: { b: [{ c: 2 }] } }],
    ];
    const keys = different.map(argumentKey);
    expect(new Set(keys).size).toBe(different.length);
  });

  it("does not depend on the order of an object's keys", () => {
    expect(argumentKey([{ a: 1, b: { c: 2, d: 3 } }])).toBe(
      argumentKey([{ b: { d: 3, c: 2 }, a: 1 }]),
    );
  });

  it('is the same for what says the same', () => {
    fc.assert(
      fc.property(fc.array(fc.jsonValue()), args => {
        const copy = JSON.parse(JSON.stringify(args)) as unknown[];
        expect(argumentKey(copy)).toBe(
          argumentKey(JSON.parse(JSON.stringify(args))),
        );
        expect(argumentKey(structuredClone(args))).toBe(argumentKey(args));
      }),
    );
  });

  it('is the same only for what says the same', () => {
    fc.assert(
      fc.property(
        fc.array(fc.jsonValue()),
        fc.array(fc.jsonValue()),
        (a, b) => {
          // JSON knows no negative zero; the key does.
          fc.pre(!`${argumentKey(a)}${argumentKey(b)}`.includes('-0'));
          expect(argumentKey(a) === argumentKey(b)).toBe(
            sorted(a) === sorted(b),
          );
        },
      ),
    );
  });

  it('takes plain data from another realm', () => {
    const foreign: unknown = runInContext(
      '({ list: [1], at: new Date(5), none: Object.create(null) })',
      createContext({}),
    );
    const own = {
      list: [1],
      at: new Date(5),
      none: Object.create(null) as unknown,
    };
    expect(argumentKey([foreign])).toBe(argumentKey([own]));
  });

  it('reads the same object twice where it is no cycle', () => {
    const shared = { a: 1 };
    expect(argumentKey([shared, [shared, shared]])).toBe(
      argumentKey([{ a: 1 }, [{ a: 1 }, { a: 1 }]]),
    );
  });

  it.each([
    ['a function', [() => 1], 'argument 1 is a function'],
    ['a symbol', [1, Symbol('s')], 'argument 2 is a symbol'],
    [
      'a Map',
      [{ filter: new Map() }],
      'argument 1.filter is an instance of Map',
    ],
    ['a Set', [[1, new Set()]], 'argument 1[1] is an instance of Set'],
    ['a Buffer', [Buffer.from('a')], 'argument 1 is an instance of Buffer'],
    ['a regular expression', [/a/], 'argument 1 is an instance of RegExp'],
    ['an error', [new Error('a')], 'argument 1 is an instance of Error'],
    ['a promise', [Promise.resolve()], 'argument 1 is an instance of Promise'],
    [
      'an instance of a class',
      [new Money(5)],
      'argument 1 is an instance of Money',
    ],
    [
      'an object with a method',
      [{ load() {} }],
      'argument 1.load is a function',
    ],
    [
      'an object with a symbol',
      [{ [Symbol('gt')]: 5 }],
      'argument 1 is an object with symbols',
    ],
    [
      'an object over another',
      [Object.create({ a: 1 })],
      'argument 1 is an object with symbols, or of its own kind',
    ],
    [
      'an array of a class of its own',
      [new (class Rows extends Array {})()],
      'argument 1 is an instance of Rows',
    ],
    ['a proxy', [new Proxy({}, {})], 'argument 1 is an object'],
    [
      'the arguments of a function',
      [
        (function () {
          return arguments;
        })(),
      ],
      'argument 1 is an object',
    ],
    ['a cycle', [cycle], 'argument 1.deep[0].cycle is a cycle'],
  ])('refuses %s and says where it stands', (_, args, message) => {
    expect(() => argumentKey(args)).toThrow(UnserializableArgumentError);
    expect(() => argumentKey(args)).toThrow(message);
  });

  it('says nothing of signals, wherever they stand', () => {
    const { signal } = new AbortController();
    expect(argumentKey([1, signal])).toBe(argumentKey([1]));
    expect(argumentKey([1, { signal }])).toBe(argumentKey([1, {}]));
    expect(argumentKey([1, { a: { signal, b: 1 } }])).toBe(
      argumentKey([1, { a: { b: 1 } }]),
    );
    expect(argumentKey([signal, 1])).toBe(argumentKey([undefined, 1]));
    expect(argumentKey([[signal]])).toBe(argumentKey([[undefined]]));
  });

  it('says nothing of what was left out at the end', () => {
    expect(argumentKey([1, undefined])).toBe(argumentKey([1]));
    expect(argumentKey([1, undefined, AbortSignal.abort()])).toBe(
      argumentKey([1]),
    );
    expect(argumentKey([1, undefined, 2])).not.toBe(argumentKey([1, 2]));
  });

  it('leaves the arguments as they are', () => {
    const args = Object.freeze([1, AbortSignal.abort(), undefined]);
    expect(withoutSignals(args)).toEqual([1]);
    expect(args).toHaveLength(3);
  });

  it('is refused for an array that has more than its elements', () => {
    expect(() => argumentKey([Object.assign([1], { page: 1 })])).toThrow(
      /cannot be part of a key/,
    );
  });
});
