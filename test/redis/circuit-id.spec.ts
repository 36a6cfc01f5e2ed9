import { describe, expect, it } from '@jest/globals';
import { circuitId } from '../../lib/redis/circuit-id.js';

describe('the id of a circuit at the store', () => {
  it.each([
    ['payments', null, 'payments'],
    ['payments', 'a', 'payments/a'],
    ['payments', '', 'payments/'],
    ['a/b', 'c{d}:*', 'a%2Fb/c%7Bd%7D%3A*'],
  ])('is made of name and key, encoded: %j, %j', (name, key, id) => {
    expect(circuitId(name, key)).toBe(id);
  });

  it('is as long as 200 characters, and a hash where it would be longer', () => {
    expect(circuitId('x'.repeat(200), null)).toBe('x'.repeat(200));
    expect(circuitId('x'.repeat(201), null)).toMatch(/^#[\w-]{43}$/);
    expect(circuitId('a', 'x'.repeat(198))).toHaveLength(200);
    expect(circuitId('a', 'x'.repeat(199))).toMatch(/^#/);
  });

  it('is a hash where name or key is no valid text', () => {
    expect(circuitId('a\ud800', null)).toMatch(/^#[\w-]{43}$/);
    expect(circuitId('a', '\ud800')).toMatch(/^#[\w-]{43}$/);
  });

  it('is the same everywhere and of no other circuit where it is a hash', () => {
    const long = 'x'.repeat(300);
    const ids = [
      circuitId(long, null),
      circuitId(long, ''),
      circuitId(long, 'a'),
      circuitId(`${long}y`, null),
      circuitId('\ud800', null),
      circuitId('\udfff', null),
    ];
    expect(new Set(ids).size).toBe(ids.length);
    // Instances of other versions have to find the same circuit.
    expect(circuitId('\ud800', 'a')).toBe(
      '#-QmSp5NL4O_dmIVtwNo2p5YmYFzG2qaF_cSY9cNeN4g',
    );
  });
});
