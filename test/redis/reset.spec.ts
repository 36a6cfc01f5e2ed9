import { describe, expect, it } from '@jest/globals';
import { Simulation } from './simulation/simulation.js';
import { AGREEMENT_MS } from './simulation/settings.js';
import type { Instance } from './simulation/instance.js';

const SEED = Number(process.env['FLEET_SEED'] ?? Date.now() % 1e6);
const LENGTH = Number(process.env['FLEET_SEEDS'] ?? 20);
const SEEDS = Array.from({ length: LENGTH }, (_, index) => SEED + index);

/** Nothing ages away while it is looked at. */
const OPTIONS = {
  window: { type: 'count', size: 50, maxAge: false },
  minimumCalls: 20,
} as const;

/** Three instances that have agreed on nothing but being closed. */
async function joined(seed: number): Promise<Simulation> {
  const simulation = new Simulation(seed, 3, OPTIONS);
  await simulation.pass(150);
  return simulation;
}

/** Failures enough to be seen, too few at each to trip anything. */
function fail({ circuit }: Instance, times: number): void {
  for (let call = 0; call < times; call++) {
    circuit.tryAcquire()!.failure(new Error('down'));
  }
}

function windows({ instances }: Simulation): number[] {
  return instances.map(({ circuit }) => circuit.snapshot().window.calls);
}

describe(`a reset of a closed circuit, from seed ${SEED}`, () => {
  it('empties the window of every instance and the shared one, in a new generation', async () => {
    for (const seed of SEEDS) {
      const simulation = await joined(seed);
      const [one, , three] = simulation.instances as [
        Instance,
        Instance,
        Instance,
      ];
      for (const each of simulation.instances) fail(each, 1);
      await simulation.pass(60);
      expect([seed, ...windows(simulation)]).toEqual([seed, 1, 1, 1]);
      const before = three.view.generation;
      one.circuit.reset('begin anew');
      await simulation.pass(AGREEMENT_MS);
      expect([seed, ...windows(simulation)]).toEqual([seed, 0, 0, 0]);
      for (const { view, circuit } of simulation.instances) {
        expect(view).toMatchObject({ state: 'closed', window: null });
        expect(view.generation).toBeGreaterThan(before);
        expect(circuit.state).toBe('closed');
      }
      // What was told before the reset counts nowhere any more.
      fail(three, 1);
      await simulation.pass(60);
      expect(three.view.window).toEqual({ calls: 1, failures: 1, slow: 0 });
    }
  });

  it('keeps what comes after it where it was given', async () => {
    for (const seed of SEEDS) {
      const simulation = await joined(seed);
      const [one] = simulation.instances as [Instance];
      fail(one, 2);
      one.circuit.reset();
      fail(one, 1);
      await simulation.pass(AGREEMENT_MS);
      expect([seed, ...windows(simulation)]).toEqual([seed, 1, 0, 0]);
    }
  });

  it('reaches an instance that was cut off, and one whose network is bad', async () => {
    for (const seed of SEEDS) {
      const simulation = await joined(seed);
      const [, two, three] = simulation.instances as [
        Instance,
        Instance,
        Instance,
      ];
      for (const each of simulation.instances) fail(each, 1);
      await simulation.pass(60);
      simulation.network.cutOff.add(three.number);
      simulation.network.weather = { loss: 0.3, duplication: 0.3, delay: 30 };
      await simulation.pass(250);
      expect(three.view.joined).toBe(false);
      two.circuit.reset();
      await simulation.pass(600);
      expect(three.circuit.snapshot().window.calls).toBe(1);
      simulation.network.cutOff.clear();
      simulation.network.weather = { loss: 0, duplication: 0, delay: 4 };
      await simulation.pass(AGREEMENT_MS + 100);
      expect([seed, ...windows(simulation)]).toEqual([seed, 0, 0, 0]);
    }
  });

  it('takes nothing from an instance that comes later', async () => {
    const simulation = await joined(SEED);
    const [one] = simulation.instances as [Instance];
    one.circuit.reset();
    await simulation.pass(100);
    const later = simulation.addInstance();
    fail(later, 2);
    await simulation.pass(150);
    expect(later.view).toMatchObject({
      joined: true,
      generation: one.view.generation,
    });
    expect(later.circuit.snapshot().window.calls).toBe(2);
  });
});
