import { describe, expect, it } from '@jest/globals';
import { Simulation } from './simulation/simulation.js';
import { AGREEMENT_MS } from './simulation/settings.js';
import type { Instance } from './simulation/instance.js';

const SEED = Number(process.env['FLEET_SEED'] ?? Date.now() % 1e6);
const SEEDS = Array.from({ length: 20 }, (_, index) => SEED + index);

/** A request is sent again for so long, and then given up. */
const GIVEN_UP_MS = 5_200;

async function joined(seed: number): Promise<Simulation> {
  const simulation = new Simulation(seed, 3);
  await simulation.pass(150);
  return simulation;
}

function configure({ circuit }: Instance, successRateThreshold: number): void {
  circuit.configure({ halfOpen: { successRateThreshold } });
}

function thresholds({ instances }: Simulation): number[] {
  return instances.map(
    ({ circuit }) => circuit.rules.halfOpen.successRateThreshold,
  );
}

/** Cuts an instance off as soon as the store has taken options of it, and before it hears of that. */
function cutOffOnceTold({ network }: Simulation, instance: number): void {
  const { store } = network;
  const { exchange } = store;
  store.exchange = (request, now) => {
    const reply = exchange.call(store, request, now);
    if (request.circuits.some(({ config }) => config !== undefined)) {
      network.cutOff.add(instance);
      store.exchange = exchange;
    }
    return reply;
  };
}

describe(`options changed while an earlier change is on its way, from seed ${SEED}`, () => {
  it('reach every instance, and stay in force where they were changed', async () => {
    for (const seed of SEEDS) {
      const simulation = await joined(seed);
      const [one] = simulation.instances as [Instance];
      simulation.network.cutOff.add(one.number);
      configure(one, 0.4);
      await simulation.pass(50);
      configure(one, 0.3);
      await simulation.pass(50);
      simulation.network.cutOff.clear();
      const seen = new Set<number>();
      for (let step = 0; step < (2 * AGREEMENT_MS) / 5; step++) {
        await simulation.pass(5);
        seen.add(thresholds(simulation)[0]!);
      }
      expect([seed, ...thresholds(simulation)]).toEqual([seed, 0.3, 0.3, 0.3]);
      expect([seed, ...seen]).toEqual([seed, 0.3]);
    }
  });

  it('win over the earlier ones when the request with those is given up', async () => {
    for (const seed of SEEDS) {
      const simulation = await joined(seed);
      const [one] = simulation.instances as [Instance];
      simulation.network.cutOff.add(one.number);
      one.circuit.configure({ minimumCalls: 6 });
      configure(one, 0.4);
      await simulation.pass(50);
      configure(one, 0.3);
      await simulation.pass(GIVEN_UP_MS);
      simulation.network.cutOff.clear();
      await simulation.pass(2 * AGREEMENT_MS);
      expect([seed, ...thresholds(simulation)]).toEqual([seed, 0.3, 0.3, 0.3]);
      for (const { circuit } of simulation.instances) {
        expect(circuit.rules.minimumCalls).toBe(6);
      }
    }
  });

  it('are taken back by another instance before the answer comes', async () => {
    for (const seed of SEEDS) {
      const simulation = await joined(seed);
      const [one, two] = simulation.instances as [Instance, Instance];
      configure(one, 0.6);
      await simulation.pass(AGREEMENT_MS);
      cutOffOnceTold(simulation, one.number);
      configure(one, 0.4);
      await simulation.pass(AGREEMENT_MS);
      expect([seed, ...thresholds(simulation)]).toEqual([seed, 0.4, 0.4, 0.4]);
      configure(two, 0.6);
      await simulation.pass(AGREEMENT_MS);
      simulation.network.cutOff.clear();
      await simulation.pass(2 * AGREEMENT_MS);
      expect([seed, ...thresholds(simulation)]).toEqual([seed, 0.6, 0.6, 0.6]);
    }
  });
});
