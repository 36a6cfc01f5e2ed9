import { describe, expect, it } from '@jest/globals';
import { seededRandom } from '../../lib/testing/seeded-random.js';

describe('seededRandom', () => {
  // A seed that is written down in a ticket is to draw the same in a later version.
  it.each([
    [0, [0.26642920868471265, 0.0003297457005828619, 0.2232720274478197]],
    [1, [0.6270739405881613, 0.002735721180215478, 0.5274470399599522]],
    [42, [0.6011037519201636, 0.44829055899754167, 0.8524657934904099]],
    [
      0xff_ff_ff_ff,
      [0.8964226141106337, 0.189478256739676, 0.7156526781618595],
    ],
  ])('draws from the seed %p what Mulberry32 draws', (seed, numbers) => {
    const next = seededRandom(seed);
    expect([next(), next(), next()]).toEqual(numbers);
  });

  it('draws from 0 to 1, evenly', () => {
    const next = seededRandom(7);
    const tenths = Array.from({ length: 10 }, () => 0);
    for (let each = 0; each < 10_000; each++) {
      const number = next();
      expect(number).toBeGreaterThanOrEqual(0);
      expect(number).toBeLessThan(1);
      tenths[Math.floor(number * 10)]!++;
    }
    for (const count of tenths) {
      expect(count).toBeGreaterThan(900);
      expect(count).toBeLessThan(1100);
    }
  });
});
