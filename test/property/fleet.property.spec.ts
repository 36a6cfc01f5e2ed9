import { describe, expect, it } from '@jest/globals';
import { Simulation } from '../redis/simulation/simulation.js';

const FIRST = Number(process.env['FLEET_SEED'] ?? Date.now() % 1e6);
const RUNS = Number(process.env['FLEET_RUNS'] ?? 120);

describe('a simulated fleet', () => {
  it(`keeps its invariants in ${RUNS} runs from seed ${FIRST}`, async () => {
    const wrong: string[] = [];
    for (let run = 0; run < RUNS && wrong.length === 0; run++) {
      wrong.push(...(await new Simulation(FIRST + run).run()));
    }
    expect(wrong).toEqual([]);
  }, 600_000);
});
