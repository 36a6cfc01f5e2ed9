import { describe, expect, it } from '@jest/globals';
import { quote } from '../../lib/state/quote.js';

describe('quote', () => {
  it.each([
    ['text', `'text'`],
    [30, '30'],
    [-0, '-0'],
    [NaN, 'NaN'],
    [5n, '5n'],
    [null, 'null'],
    [undefined, 'undefined'],
    [Symbol('s'), 'Symbol(s)'],
    [pay, '[function pay]'],
    [Map, '[function Map]'],
    [new Error('it broke'), '[Error: it broke]'],
    [{ a: 1 }, '{ a: 1 }'],
    ['two\nlines', String.raw`'two\nlines'`],
    [{ a: { b: 1 } }, '{ a: [Object] }'],
    [[1, 2, 3, 4, 5], '[ 1, 2, 3, 4, 5 ]'],
    [[1, 2, 3, 4, 5, 6], '[ 1, 2, 3, 4, 5, ... 1 more item ]'],
  ])('shows %p as %s', (value, text) => {
    expect(quote(value)).toBe(text);
  });

  it('shows an object with many keys by their number', () => {
    expect(quote(Object.fromEntries(Array(1_000).entries()))).toBe(
      '[object with 1000 keys]',
    );
  });

  it('shows twenty keys, and no more', () => {
    const keys = Object.fromEntries(Array(20).entries());
    expect(quote(keys)).toContain(`{ '0': undefined`);
    expect(quote({ ...keys, more: 1 })).toBe('[object with 21 keys]');
  });

  it('shows one blank for many', () => {
    expect(quote({ 'a  \t b': 1 })).not.toMatch(/\s\s/);
    expect(quote(new Error('two\n\n  lines'))).toBe('[Error: two lines]');
  });

  it('cuts what is longer than a hundred letters', () => {
    expect(quote('x'.repeat(98))).toBe(`'${'x'.repeat(98)}'`);
    expect(quote('x'.repeat(10_000))).toHaveLength(100);
  });

  it('shows something for what throws when it is looked at', () => {
    const hostile = new Proxy({}, { ownKeys: fail, getPrototypeOf: fail });

    expect(quote(hostile)).toBe('[object that cannot be shown]');
  });

  it('does not call the inspectors of users', () => {
    const secret = {
      [Symbol.for('nodejs.util.inspect.custom')]: () => 'called',
    };

    expect(quote(secret)).not.toContain('called');
  });
});

function pay() {}

function fail(): never {
  throw new Error('no');
}
