import { describe, expect, it, jest } from '@jest/globals';
import { Circuit } from '../../lib/circuit/circuit.js';
import { SharedConfig } from '../../lib/redis/shared-config.js';
import { randomFrom } from '../support/random.js';
import { CONFIGURED_OPTIONS } from './simulation/configuration.js';
import { Simulation } from './simulation/simulation.js';
import { AGREEMENT_MS, circuitOptions } from './simulation/settings.js';
import type { Instance } from './simulation/instance.js';
import type {
  CircuitOptions,
  CircuitRules,
} from '../../lib/state/circuit-options.js';

const SEED = Number(process.env['FLEET_SEED'] ?? Date.now() % 1e6);
const LENGTH = Number(process.env['FLEET_SEEDS'] ?? 20);
const SEEDS = Array.from({ length: LENGTH }, (_, index) => SEED + index);

/** All that a simulated circuit is made with. */
const OPTIONS = { ...CONFIGURED_OPTIONS, ...circuitOptions(randomFrom(1)) };

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
    if (request.circuits.some(({ change }) => change !== undefined)) {
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

/** What all instances have in force, which is one thing. */
function agreed({ instances, seed }: Simulation): CircuitRules {
  const [first, ...others] = instances.map(({ circuit }) => circuit.rules);
  for (const rules of others) {
    expect({ seed, rules }).toEqual({ seed, rules: first });
  }
  return first!;
}

/** The rules of a circuit that was told all of it, in this order. */
function rulesOf(...patches: CircuitOptions[]): CircuitRules {
  const circuit = new Circuit('lone', OPTIONS);
  for (const patch of patches) circuit.configure(patch);
  return circuit.rules;
}

/** Does something to three instances that have joined, and sees them agree in the end. */
async function play(
  what: (
    simulation: Simulation,
    ...instances: [Instance, Instance, Instance]
  ) => Promise<void> | void,
  options: CircuitOptions = {},
): Promise<CircuitRules[]> {
  const outcomes: CircuitRules[] = [];
  for (const seed of SEEDS) {
    const simulation = new Simulation(seed, 3, { ...OPTIONS, ...options });
    await simulation.pass(150);
    const [one, two, three] = simulation.instances;
    await what(simulation, one!, two!, three!);
    await simulation.pass(2 * AGREEMENT_MS);
    outcomes.push(agreed(simulation));
  }
  return outcomes;
}

describe(`options changed by two instances at once, from seed ${SEED}`, () => {
  it.each<{ what: string; changes: [CircuitOptions, CircuitOptions] }>([
    {
      what: 'of different names',
      changes: [{ maxKeys: 7 }, { critical: true, openDuration: '3s' }],
    },
    {
      what: 'that are parts of one',
      changes: [
        { halfOpen: { calls: 7 } },
        { halfOpen: { concurrency: 1, maxDuration: '3s' } },
      ],
    },
    {
      what: 'of which one is a list and one is off',
      changes: [{ recordErrors: [] }, { failureRateThreshold: false }],
    },
  ])('both hold: $what', async ({ changes }) => {
    const outcomes = await play((_, one, two) => {
      one.circuit.configure(changes[0]);
      two.circuit.configure(changes[1]);
    });
    for (const rules of outcomes) expect(rules).toEqual(rulesOf(...changes));
  });

  it('are those of the later one where they are of one name', async () => {
    const outcomes = await play(async (simulation, one, two) => {
      // The store hears of the second first.
      simulation.network.cutOff.add(one.number);
      one.circuit.configure({ maxKeys: 1, critical: true });
      await simulation.pass(50);
      two.circuit.configure({ maxKeys: 2 });
      await simulation.pass(100);
      simulation.network.cutOff.clear();
    });
    for (const rules of outcomes) {
      expect(rules).toMatchObject({ maxKeys: 1, critical: true });
    }
  });
});

describe(`options changed by who listens to a change, from seed ${SEED}`, () => {
  it('are agreed on, also where they are the same', async () => {
    const outcomes = await play((_, one) => {
      one.circuit.on(['configured'], () => {
        if (one.circuit.rules.maxKeys === 7) {
          one.circuit.configure({ maxKeys: 3 });
        }
      });
      one.circuit.configure({ maxKeys: 7 });
    });
    for (const rules of outcomes) expect(rules.maxKeys).toBe(3);
  });

  it("are agreed on where the change was another instance's", async () => {
    const outcomes = await play((_, one, two) => {
      two.circuit.on(['configured'], () => {
        if (two.circuit.rules.maxKeys === 7) {
          two.circuit.configure({ maxKeys: 3 });
        }
      });
      one.circuit.configure({ maxKeys: 7 });
    });
    for (const rules of outcomes) expect(rules.maxKeys).toBe(3);
  });
});

describe(`options changed more than once, from seed ${SEED}`, () => {
  const WHOLE: { what: string; patches: CircuitOptions[] }[] = [
    {
      what: 'a window of another type and back',
      patches: [
        { window: { type: 'time', duration: '2s', buckets: 7 } },
        { window: { type: 'count', size: 9 } },
        { window: { type: 'time', duration: '3s' } },
      ],
    },
    {
      what: 'a window that keeps its type',
      patches: [
        { window: { type: 'time', duration: '2s' } },
        { window: { type: 'time', buckets: 7 } },
        { window: { duration: '3s' } as never },
      ],
    },
    {
      what: 'a bulkhead, off and on',
      patches: [
        { bulkhead: { maxConcurrent: 3, maxQueue: 3 } },
        { bulkhead: false },
        { bulkhead: { maxConcurrent: 4 } },
      ],
    },
    {
      what: 'an open duration that grows, is one number, and grows',
      patches: [
        { openDuration: { initial: 5, multiplier: 2 } },
        { openDuration: 7 },
        { openDuration: { initial: 9, multiplier: 3 } },
      ],
    },
  ];

  it.each(WHOLE)(
    'are the same to all, one after another: $what',
    async ({ patches }) => {
      const outcomes = await play(async (simulation, one, two) => {
        for (const [index, patch] of patches.entries()) {
          (index % 2 === 0 ? one : two).circuit.configure(patch);
          await simulation.pass(60);
        }
      });
      for (const rules of outcomes) expect(rules).toEqual(rulesOf(...patches));
    },
  );

  it.each(WHOLE)(
    'are the same to all, in one flush: $what',
    async ({ patches }) => {
      const [first, ...others] = patches as [CircuitOptions];
      const outcomes = await play(async (simulation, one, two) => {
        two.circuit.configure(first);
        await simulation.pass(60);
        for (const patch of others) one.circuit.configure(patch);
      });
      for (const rules of outcomes) expect(rules).toEqual(rulesOf(...patches));
    },
  );

  it.each(WHOLE)(
    'are the same to who missed what was between: $what',
    async ({ patches }) => {
      const [first, ...others] = patches as [CircuitOptions];
      const outcomes = await play(async (simulation, one, two, three) => {
        one.circuit.configure(first);
        await simulation.pass(60);
        simulation.network.cutOff.add(three.number);
        for (const patch of others) {
          two.circuit.configure(patch);
          await simulation.pass(60);
        }
        simulation.network.cutOff.clear();
      });
      for (const rules of outcomes) expect(rules).toEqual(rulesOf(...patches));
    },
  );

  it('reach who starts later', async () => {
    const [patch, other] = [{ maxKeys: 3 }, { bulkhead: false }] as const;
    const outcomes = await play(async (simulation, one, two) => {
      one.circuit.configure(patch);
      two.circuit.configure(other);
      await simulation.pass(60);
      simulation.addInstance();
    });
    for (const rules of outcomes) expect(rules).toEqual(rulesOf(patch, other));
  });
});

describe(`a window of time in code of which parts were changed, from seed ${SEED}`, () => {
  const TIME: CircuitOptions = { window: { type: 'time', buckets: 7 } };
  const duration = { window: { duration: '30s' } as never };
  const count: CircuitOptions = { window: { type: 'count', size: 50 } };

  it.each([
    ['keeps what stands in code', [duration]],
    ['is replaced by one of another type', [duration, count]],
  ])('%s', async (_, patches: CircuitOptions[]) => {
    const outcomes = await play(async (simulation, ...instances) => {
      for (const [index, patch] of patches.entries()) {
        instances[index]!.circuit.configure(patch);
        await simulation.pass(AGREEMENT_MS);
      }
    }, TIME);
    const lone = new Circuit('lone', { ...OPTIONS, ...TIME });
    for (const patch of patches) lone.configure(patch);
    for (const rules of outcomes) expect(rules).toEqual(lone.rules);
  });

  it('stays of the latest calls where it was replaced meanwhile', async () => {
    const outcomes = await play(async (simulation, one, two) => {
      one.circuit.configure(duration);
      await simulation.pass(AGREEMENT_MS);
      simulation.network.cutOff.add(two.number);
      two.circuit.configure({ window: { buckets: 9 } as never });
      one.circuit.configure(count);
      await simulation.pass(60);
      simulation.network.cutOff.clear();
    }, TIME);
    for (const rules of outcomes)
      expect(rules.window).toMatchObject(count.window!);
  });
});

describe(`options that do not fit together, from seed ${SEED}`, () => {
  it('are in force without the later of them, at every instance, and the log says so once', async () => {
    const [time, size, other] = [
      { window: { type: 'time', duration: '2s' } },
      { window: { size: 30 } as never },
      { maxKeys: 4 },
    ] as const satisfies CircuitOptions[];
    const outcomes = await play(async (simulation, one, two, three) => {
      simulation.network.cutOff.add(two.number);
      one.circuit.configure(time);
      two.circuit.configure(size);
      await simulation.pass(60);
      simulation.network.cutOff.clear();
      await simulation.pass(AGREEMENT_MS);
      three.circuit.configure(other);
      await simulation.pass(AGREEMENT_MS);
      for (const { logged } of simulation.instances) {
        expect(logged.filter(line => /do not fit/.test(line))).toHaveLength(1);
      }
    });
    for (const rules of outcomes) expect(rules).toEqual(rulesOf(time, other));
  });

  it('are all in force as soon as a change makes them fit', async () => {
    const [type, duration, buckets, longer] = [
      { window: { type: 'time' } },
      { window: { duration: 20 } as never },
      { window: { buckets: 50 } as never },
      { window: { duration: 900 } as never },
    ] as const satisfies CircuitOptions[];
    const outcomes = await play(async (simulation, one, two, three) => {
      one.circuit.configure(type);
      await simulation.pass(AGREEMENT_MS);
      simulation.network.cutOff.add(two.number);
      one.circuit.configure(duration);
      two.circuit.configure(buckets);
      await simulation.pass(60);
      simulation.network.cutOff.clear();
      await simulation.pass(2 * AGREEMENT_MS);
      expect(agreed(simulation)).toEqual(rulesOf(type, duration));
      three.circuit.configure(longer);
    });
    for (const rules of outcomes) {
      expect(rules).toEqual(rulesOf(type, longer, buckets));
    }
  });

  it('are the earliest of them where leaving out one is not enough', async () => {
    const growing = { openDuration: { initial: 5, multiplier: 2 } };
    const [one, two, three] = [
      [{ window: { type: 'time', duration: '2s' } }, { openDuration: 7 }],
      [{ window: { size: 30 } as never }],
      [{ openDuration: { multiplier: 3 } as never }],
    ] as const satisfies CircuitOptions[][];
    const outcomes = await play(async (simulation, ...instances) => {
      const { network } = simulation;
      instances[0].circuit.configure(growing);
      await simulation.pass(AGREEMENT_MS);
      network.cutOff.add(instances[1].number).add(instances[2].number);
      instances[1].circuit.configure(two[0]);
      instances[2].circuit.configure(three[0]);
      for (const patch of one) {
        instances[0].circuit.configure(patch);
        await simulation.pass(60);
      }
      network.cutOff.clear();
    });
    for (const rules of outcomes) {
      expect(rules).toEqual(rulesOf(growing, ...one));
    }
  });
});

describe(`options in a store that has lost some, from seed ${SEED}`, () => {
  it('are those of all instances, and of each the latest', async () => {
    const outcomes = await play(async (simulation, one, two, three) => {
      const { network } = simulation;
      one.circuit.configure({ maxKeys: 1, minimumCalls: 7 });
      await simulation.pass(60);
      // The third knows only of these.
      network.cutOff.add(three.number);
      two.circuit.configure({ maxKeys: 2, critical: true });
      await simulation.pass(60);
      for (const each of [one, two]) network.cutOff.add(each.number);
      network.store.empty();
      three.circuit.configure({ captureStack: true });
      await simulation.pass(20);
      network.cutOff.delete(three.number);
      await simulation.pass(AGREEMENT_MS);
      network.cutOff.clear();
    });
    for (const rules of outcomes) {
      expect(rules).toEqual(
        rulesOf(
          { maxKeys: 2, minimumCalls: 7, critical: true },
          { captureStack: true },
        ),
      );
    }
  });

  it('are told again at once where somebody has told it of others meanwhile', async () => {
    const outcomes = await play(async (simulation, one, two, three) => {
      const { network } = simulation;
      // For a moment, in which it does not notice that it hears nothing.
      network.cutOff.add(two.number);
      one.circuit.configure({ maxKeys: 1 });
      await simulation.pass(35);
      // Of one circuit only, as a server does that runs out of memory.
      network.store.circuits.clear();
      two.circuit.configure({ critical: true });
      network.cutOff.clear();
      await simulation.pass(AGREEMENT_MS);
      expect(network.store.circuits.get('dependency')).toMatchObject({
        config: { maxKeys: [expect.any(Number), '1'] },
      });
      three.circuit.configure({ openJitter: 1 });
    });
    for (const rules of outcomes) {
      expect(rules).toEqual(
        rulesOf({ maxKeys: 1, critical: true, openJitter: 1 }),
      );
    }
  });

  it('are compared once where it has them of an earlier generation', async () => {
    await play(async (simulation, one) => {
      const { network } = simulation;
      one.circuit.configure({ maxKeys: 1 });
      await simulation.pass(AGREEMENT_MS);
      const stored = network.store.circuits.get('dependency')!;
      const { configGen } = stored;
      stored.configGen -= 5;
      network.reconnect();
      await simulation.pass(AGREEMENT_MS);
      expect(
        network.store.circuits.get('dependency')!.configGen,
      ).toBeGreaterThan(configGen);
      const exchange = jest.spyOn(network.store, 'exchange');
      await simulation.pass(200);
      for (const [{ circuits }] of exchange.mock.calls) {
        expect(circuits).toEqual([]);
      }
    });
  });

  it('are not those of older news', () => {
    const config = new SharedConfig();
    const told = { config: { maxKeys: [7, '2'] }, configGen: 7 } as const;
    config.adopt(told);
    config.adopt({ config: { maxKeys: [5, '1'] }, configGen: 5 });
    expect(config).toMatchObject({ gen: 7 });
    expect(config.isAheadOf(told)).toBe(false);
    expect(config.report()).toEqual({ config: told.config });
  });

  it('are later than what their instance knew, also where the clock was set back', async () => {
    const outcomes = await play(async (simulation, one) => {
      const { network } = simulation;
      one.circuit.configure({ maxKeys: 1 });
      await simulation.pass(AGREEMENT_MS);
      network.skew -= 60_000;
      network.store.empty();
      one.circuit.configure({ maxKeys: 2 });
    });
    for (const rules of outcomes)
      expect(rules).toEqual(rulesOf({ maxKeys: 2 }));
  });

  it('are what a change of a part of them goes on from', async () => {
    const [buckets, duration] = [
      { window: { type: 'time', buckets: 7 } },
      { window: { type: 'time', duration: '2s' } },
    ] as const satisfies CircuitOptions[];
    const outcomes = await play(async (simulation, one) => {
      one.circuit.configure(buckets);
      await simulation.pass(AGREEMENT_MS);
      simulation.network.store.empty();
      one.circuit.configure(duration);
    });
    for (const rules of outcomes) {
      expect(rules).toEqual(rulesOf(buckets, duration));
    }
  });

  it('are told again where a replica has taken over that had not heard of them', async () => {
    const outcomes = await play(async (simulation, one, two) => {
      const { network } = simulation;
      one.circuit.configure({ maxKeys: 1 });
      await simulation.pass(AGREEMENT_MS);
      const saved = network.store.save();
      one.circuit.configure({ maxKeys: 2, openJitter: 0.1 });
      await simulation.pass(AGREEMENT_MS);
      network.store.restore(saved);
      two.circuit.configure({ critical: true });
      await simulation.pass(60);
      network.reconnect();
    });
    for (const rules of outcomes) {
      expect(rules).toEqual(
        rulesOf({ maxKeys: 2, openJitter: 0.1, critical: true }),
      );
    }
  });
});

describe('options that JSON cannot carry', () => {
  it('stay where they were given; the others of the same change are sent', async () => {
    class Wanted extends Error {}
    const openDuration = { maxKeys: 3, openDuration: () => 1_000 };
    const mine = { recordErrors: [Wanted], ...openDuration };
    const simulation = new Simulation(SEED, 2, OPTIONS);
    await simulation.pass(150);
    const [one, two] = simulation.instances as [Instance, Instance];
    one.circuit.configure(mine);
    await simulation.pass(AGREEMENT_MS);
    expect(two.circuit.rules).toEqual(rulesOf({ maxKeys: 3 }));
    expect(two.logged.join()).not.toMatch(/do not fit/);
    expect(one.logged.join()).toMatch(/cannot be sent/);
    // What others change beside them takes nothing away.
    two.circuit.configure({ critical: true });
    await simulation.pass(AGREEMENT_MS);
    expect(one.circuit.rules).toEqual(rulesOf(mine, { critical: true }));
    two.circuit.configure({ openDuration: 5 });
    await simulation.pass(AGREEMENT_MS);
    expect(one.circuit.rules.openDuration).toBe(5);
  });
});
