import { beforeEach, describe, expect, it } from '@jest/globals';
import { StoreLink } from '../../lib/redis/store-link.js';

let told: string[];
let link: StoreLink;

const JOINED = 'log: Fleet "shop": joined, circuits are shared.';
const lost = (reason: string) =>
  `warn: Fleet "shop": the store is out of reach (${reason}). Each circuit decides alone until it is back.`;

beforeEach(() => {
  told = [];
  const to = (level: string) => (message: string) =>
    void told.push(`${level}: ${message}`);
  const logger = { log: to('log'), warn: to('warn'), error: to('error') };
  link = new StoreLink('shop', logger, 1_000);
});

describe('the link to the store', () => {
  it('is not there at first', () => {
    expect(link.joined).toBe(false);
    expect(link.status).toEqual({
      joined: false,
      reason: 'not connected yet',
    });
  });

  it('is told once when it is found', () => {
    link.found();
    link.found();
    expect(link.status).toEqual({ joined: true, reason: null });
    expect(told).toEqual([JOINED]);
  });

  it('is told once when it is lost, and once when it is back', () => {
    link.found();
    expect(link.lost('gone', 1_001)).toBe(true);
    expect(link.status).toEqual({ joined: false, reason: 'gone' });
    expect(link.lost('still gone', 1_002)).toBe(false);
    expect(link.status.reason).toBe('still gone');
    link.found();
    expect(told).toEqual([JOINED, lost('gone'), JOINED]);
  });

  it('takes a moment to be made, of which nothing is told', () => {
    expect(link.lost('refused', 2_999)).toBe(false);
    expect(link.status.reason).toBe('not connected yet');
    expect(told).toEqual([]);
    expect(link.lost('refused', 3_000)).toBe(true);
    expect(link.lost('refused', 3_001)).toBe(false);
    expect(told).toEqual([lost('refused')]);
  });

  it('can be left, of which nothing is told', () => {
    link.leave('this instance has left');
    expect(link.status).toEqual({
      joined: false,
      reason: 'this instance has left',
    });
    expect(link.lost('gone', 9_000)).toBe(false);
    expect(told).toEqual([]);
  });
});
