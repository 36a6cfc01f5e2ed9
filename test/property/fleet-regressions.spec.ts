import { describe, expect, it } from '@jest/globals';
import { Simulation } from '../redis/simulation/simulation.js';

describe('simulated fleets that once broke an invariant', () => {
  it.each([
    [
      'options changed while an earlier change was on its way reached nobody',
      1000,
    ],
    ['options changed at two instances at once overwrote each other', 1002],
  ])('%s', async (_, seed) => {
    expect(await new Simulation(seed).run()).toEqual([]);
  });
});
