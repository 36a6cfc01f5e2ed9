import { beforeEach, describe, expect, it } from '@jest/globals';
import type {
  Announcement,
  ExchangeReply,
} from '../../lib/redis/fleet-store.js';
import { StoreLife } from '../../lib/redis/store-life.js';

let life: StoreLife;

function announcement(rev: number, epoch = 'one'): Announcement {
  return { id: 'a', what: 'wanted', gen: 1, rev, epoch };
}

function reply(rev: number, epoch = 'one'): ExchangeReply {
  return { rev, epoch, instances: 1, circuits: [] };
}

beforeEach(() => {
  life = new StoreLife();
});

describe('announcements of a store', () => {
  it('are heard before its life is known', () => {
    expect(life.hears(announcement(7, 'any'))).toBe(true);
    expect(life.hear(announcement(7, 'any'))).toBe(false);
    expect(life.catchUp()).toBe(false);
  });

  it('are heard of the life that answers, and of no other', () => {
    life.answered(reply(0));
    expect(life.hears(announcement(1))).toBe(true);
    expect(life.hears(announcement(1, 'two'))).toBe(false);
  });

  it('have no gap one after another, nor when they come twice or late', () => {
    life.answered(reply(5));
    const heard = [6, 7, 7, 6, 8].map(rev => life.hear(announcement(rev)));
    expect(heard).toEqual([false, false, false, false, false]);
  });

  it('were missed where a number is left out, which is told once', () => {
    life.answered(reply(5));
    expect(life.hear(announcement(7))).toBe(true);
    expect(life.hear(announcement(8))).toBe(false);
  });

  it('were missed where the answer counts more of them than were heard, which is told once', () => {
    life.answered(reply(5));
    expect(life.catchUp()).toBe(false);
    life.answered(reply(6));
    expect(life.catchUp()).toBe(true);
    expect(life.catchUp()).toBe(false);
    expect(life.hear(announcement(7))).toBe(false);
    life.answered(reply(7));
    expect(life.catchUp()).toBe(false);
    // Those that came after the answer are no gap.
    life.hear(announcement(8));
    expect(life.catchUp()).toBe(false);
  });
});

describe('the life of a store', () => {
  it('is not another one when it is first heard of, nor when it goes on', () => {
    expect(life.answered(reply(5))).toBe(false);
    expect(life.answered(reply(6))).toBe(false);
  });

  it('is another one after it was emptied, and counts anew', () => {
    life.answered(reply(50));
    expect(life.answered(reply(2, 'two'))).toBe(true);
    expect(life.answered(reply(2, 'two'))).toBe(false);
    expect(life.catchUp()).toBe(false);
    expect(life.hear(announcement(3, 'two'))).toBe(false);
    expect(life.hears(announcement(51))).toBe(false);
  });
});
