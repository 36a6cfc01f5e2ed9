import { describe, expect, it } from '@jest/globals';
import { readAnnouncement, readReply } from '../../lib/redis/fleet-messages.js';

const STATE = {
  state: 'open',
  gen: 5,
  reason: 'down',
  attempt: 1,
  left: 0,
  ordered: 0,
  config: { maxKeys: [3, '7'], 'halfOpen.calls': [4, '{}'] },
  configGen: 4,
};
const TOLD = { id: 'a', rev: 1, epoch: 'e', what: 'state', state: STATE };
const WANTED = { id: 'a', rev: 1, epoch: 'e', what: 'wanted', gen: 5 };

describe('an announcement', () => {
  it.each([TOLD, WANTED])('is read: $what', message => {
    expect(readAnnouncement(JSON.stringify(message))).toEqual(message);
  });

  it.each(['closed', 'open', 'half-open', 'forced-open', 'forced-closed'])(
    'is read of a circuit that is %s',
    state => {
      const message = { ...TOLD, state: { ...STATE, state } };
      expect(readAnnouncement(JSON.stringify(message))).toEqual(message);
    },
  );

  it.each([
    'no JSON',
    'null',
    '{}',
    JSON.stringify({ ...WANTED, what: 'else' }),
    JSON.stringify({ ...WANTED, id: 1 }),
    JSON.stringify({ ...WANTED, epoch: 1 }),
    JSON.stringify({ ...WANTED, rev: -1 }),
    JSON.stringify({ ...WANTED, rev: 1.5 }),
    JSON.stringify({ ...WANTED, gen: '5' }),
  ])('is none: %s', message => {
    expect(readAnnouncement(message)).toBeUndefined();
  });

  it.each(Object.keys(STATE))('is none without %s', name => {
    const { [name as 'state']: _, ...state } = STATE;
    expect(readAnnouncement(JSON.stringify({ ...TOLD, state }))).toBe(
      undefined,
    );
  });

  it.each([
    { state: 'ajar' },
    { left: -1 },
    { config: { '': [1, '1'] } },
    { config: { 'a.': [1, '1'] } },
    { config: { '.a': [1, '1'] } },
    { config: { 'a.1': [1, '1'] } },
    { config: { __proto__x: [1, '1'] } },
    { config: { a: [1, 'no JSON'] } },
    { config: { a: [1, 1] } },
    { config: { a: [-1, '1'] } },
  ])('is none with %j', part => {
    const state = { ...STATE, ...part };
    expect(readAnnouncement(JSON.stringify({ ...TOLD, state }))).toBe(
      undefined,
    );
  });
});

const REPLY = { epoch: 'e', rev: 3, instances: 2, circuits: [] };

describe('an answer', () => {
  it('is read', () => {
    const circuits = [
      { state: STATE, leases: [1, 2] },
      { window: [5, 4, 3, 2, 1] },
    ];
    expect(readReply(JSON.stringify({ ...REPLY, circuits }))).toEqual({
      ...REPLY,
      circuits,
    });
  });

  it('has lists without anything, which Lua tells as objects', () => {
    expect(readReply(JSON.stringify({ ...REPLY, circuits: {} }))).toEqual(
      REPLY,
    );
    const circuits = [{ leases: {} }];
    expect(readReply(JSON.stringify({ ...REPLY, circuits })).circuits).toEqual([
      { leases: [] },
    ]);
  });

  it.each([
    ['circuits', { circuits: { 1: {} } }],
    ['circuits', { circuits: null }],
    ['circuits.0.window', { circuits: [{ window: [1, 2, 3, 4] }] }],
    ['circuits.0.window.4', { circuits: [{ window: [1, 2, 3, 4, -5] }] }],
    ['circuits.1.leases.0', { circuits: [{}, { leases: ['1'] }] }],
    ['circuits.0.state.gen', { circuits: [{ state: { ...STATE, gen: -1 } }] }],
    ['epoch', { epoch: null }],
    ['rev', { rev: 0.5 }],
    ['instances', { instances: 'two' }],
  ])('that is none says what is wrong at %s', (path, part) => {
    expect(() => readReply(JSON.stringify({ ...REPLY, ...part }))).toThrow(
      new RegExp(
        `^the store answered what no fleet has told it, at ${path}: \\S.*\\. Does something else write to the keys of this namespace\\?$`,
      ),
    );
  });

  it('that is nothing at all is told as such', () => {
    expect(() => readReply('1')).toThrow(/told it, at the answer: /);
    expect(() => readReply(undefined)).toThrow();
  });
});
