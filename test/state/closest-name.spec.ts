import { describe, expect, it } from '@jest/globals';
import { closestName } from '../../lib/state/closest-name.js';

const NAMES = ['payment-gateway', 'inventory', 'recommendations', 'typo'];

describe('closestName', () => {
  it.each([
    ['payment-gatewy', 'payment-gateway'],
    ['paymentgateway', 'payment-gateway'],
    ['Payment-Gateway', 'payment-gateway'],
    ['invnetory', 'inventory'],
    ['inventories', 'inventory'],
    ['tpyo', 'typo'],
    ['recomendation', 'recommendations'],
  ])('takes %s for %s', (name, closest) => {
    expect(closestName(name, NAMES)).toBe(closest);
  });

  it.each(['', 'x', 'users', 'gateway', 'yop', 'tpoy'])(
    'takes %p for nothing',
    name => {
      expect(closestName(name, NAMES)).toBeUndefined();
    },
  );

  it('prefers the closer of two', () => {
    expect(closestName('search-api', ['search-apps', 'search-apis'])).toBe(
      'search-apis',
    );
  });

  it.each(['zbc', 'zca'])(
    'takes zab not for %s: half a swap is two changes',
    other => {
      expect(closestName('zab', [other])).toBeUndefined();
    },
  );

  it('counts a swap of the first two letters as one change', () => {
    expect(closestName('bac', ['abc'])).toBe('abc');
  });

  it('counts a swap of neighbours as one change', () => {
    expect(closestName('abc', ['acb', 'xyc'])).toBe('acb');
  });
});
