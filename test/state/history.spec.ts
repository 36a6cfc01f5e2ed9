import { runInNewContext } from 'node:vm';
import { describe, expect, it } from '@jest/globals';
import { History } from '../../lib/state/history.js';

/** How a failure is kept. */
function kept(error: unknown) {
  const history = new History();
  history.addFailure(error, 5);
  return history.failures[0];
}

describe('the history of a circuit', () => {
  it.each<[string, unknown, string, string]>([
    ['an Error', new RangeError('too far'), 'RangeError', 'too far'],
    [
      'an Error of another realm',
      runInNewContext('new TypeError("fetch failed")'),
      'TypeError',
      'fetch failed',
    ],
    [
      'a returned object with a name of its own',
      { name: 'Jane Doe', ok: false },
      'object',
      'an object',
    ],
    ['a text', 'down', 'string', 'down'],
    ['a number', 42, 'number', '42'],
    ['nothing', null, 'object', 'null'],
    ['undefined', undefined, 'undefined', 'undefined'],
    ['an object with a message', { message: 'no' }, 'object', 'no'],
    ['an object without', { code: 7 }, 'object', 'an object'],
    ['a symbol', Symbol('s'), 'symbol', 'Symbol(s)'],
    [
      'what cannot be read',
      { message: { toString: null, valueOf: null } },
      'unknown',
      'an error that cannot be read',
    ],
  ])('keeps name and message of %s', (_what, error, name, message) => {
    expect(kept(error)).toEqual({ at: 5, name, message });
  });

  it('cuts names longer than 500 letters', () => {
    const error = Object.assign(new Error('no'), { name: 'x'.repeat(501) });
    expect(kept(error)?.name).toBe(`${'x'.repeat(500)}…`);
  });

  it('cuts messages longer than 500 letters', () => {
    expect(kept('x'.repeat(500))?.message).toBe('x'.repeat(500));
    expect(kept('x'.repeat(501))?.message).toBe(`${'x'.repeat(500)}…`);
  });

  it('keeps the last five failures, oldest first', () => {
    const history = new History();
    for (let n = 1; n <= 6; n++) history.addFailure(`no. ${n}`, n);
    expect(history.failures.map(({ at }) => at)).toEqual([2, 3, 4, 5, 6]);
  });

  it('keeps the last ten transitions, oldest first', () => {
    const history = new History();
    for (let at = 1; at <= 11; at++) {
      history.addTransition({ from: 'closed', to: 'open', at, reason: 'x' });
    }
    expect(history.transitions).toHaveLength(10);
    expect(history.transitions[0]?.at).toBe(2);
  });
});
