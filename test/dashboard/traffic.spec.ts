import { describe, expect, it } from '@jest/globals';
import { Circuit } from '../../lib/circuit/circuit.js';
import { CallHistory } from '../../lib/dashboard/call-history.js';
import { chooseCircuits, findCircuit } from '../../lib/dashboard/roster.js';
import { TrafficSampler } from '../../lib/dashboard/traffic-sampler.js';

const ONE = { calls: 1, failures: 0, slow: 0, rejected: 0, fallbacks: 0 };

describe('the history of a circuit', () => {
  it('leaves seconds without calls empty, also those of its last round', () => {
    const history = new CallHistory();
    for (let second = 0; second < 300; second++) history.add(second, ONE);
    history.add(450, ONE);
    const { calls } = history.view(450, 0, 1);
    expect(calls).toHaveLength(300);
    expect(calls.slice(0, 149)).toEqual(Array(149).fill(1));
    expect(calls.slice(149, 299)).toEqual(Array(150).fill(0));
    expect(calls.at(-1)).toBe(1);
  });

  it('forgets what is older than five minutes', () => {
    const history = new CallHistory();
    history.add(10, ONE);
    expect(history.view(309, 0, 1).calls[0]).toBe(1);
    expect(history.view(310, 0, 1).calls).toEqual(Array(300).fill(0));
    expect(history.isStale(309)).toBe(false);
    expect(history.isStale(310)).toBe(true);
  });

  it('adds seconds up to steps that end now', () => {
    const history = new CallHistory();
    for (let second = 0; second <= 7; second++) history.add(second, ONE);
    const { calls, until, step } = history.view(7, 123, 5);
    expect({ until, step }).toEqual({ until: 123, step: 5 });
    expect(calls).toEqual([...Array<number>(58).fill(0), 3, 5]);
  });

  it('keeps each series by itself', () => {
    const history = new CallHistory();
    history.add(0, ONE);
    history.add(1, {
      calls: 1,
      failures: 2,
      slow: 3,
      rejected: 4,
      fallbacks: 5,
    });
    expect(history.view(1, 0, 150)).toEqual({
      step: 150,
      until: 0,
      calls: [0, 2],
      failures: [0, 2],
      slow: [0, 3],
      rejected: [0, 4],
      fallbacks: [0, 5],
    });
  });

  it('has nothing of its last round in the seconds after the latest', () => {
    const history = new CallHistory();
    for (let second = 0; second < 300; second++) history.add(second, ONE);
    expect(history.view(301, 0, 1).calls.slice(-3)).toEqual([1, 0, 0]);
    history.add(301, ONE);
    expect(history.view(301, 0, 1).calls.slice(-3)).toEqual([1, 0, 1]);
  });

  it('has nothing of before a pause of hours', () => {
    const history = new CallHistory();
    for (let second = 0; second < 300; second++) history.add(second, ONE);
    history.add(10_007, ONE);
    expect(history.view(10_007, 0, 300).calls).toEqual([1]);
  });
});

describe('the sampler', () => {
  it('counts what was added in each second, and nothing from before it began', async () => {
    const circuit = new Circuit('a');
    await circuit.execute(() => 1);
    const sampler = new TrafficSampler([circuit]);
    sampler.sample(1_000);
    expect(sampler.historyOf(circuit, 1)).toBeUndefined();
    await circuit.execute(() => 1);
    await circuit
      .execute(() => Promise.reject(new Error('no')))
      .catch(() => undefined);
    sampler.sample(2_000);
    const { calls, failures } = sampler.historyOf(circuit, 1)!;
    expect([calls.at(-1), failures.at(-1)]).toEqual([2, 1]);
  });

  it('keeps the seconds in their places when it was held up', async () => {
    const circuit = new Circuit('a');
    const sampler = new TrafficSampler([circuit]);
    sampler.sample(0);
    await circuit.execute(() => 1);
    sampler.sample(1_000);
    await circuit.execute(() => 1);
    sampler.sample(5_000);
    expect(sampler.historyOf(circuit, 1)!.calls.slice(-5)).toEqual([
      1, 0, 0, 0, 1,
    ]);
  });

  it.each([
    ['a little early', 1_600, [1, 1]],
    ['a little late', 2_400, [1, 1]],
    ['later', 2_600, [1, 0, 1]],
    ['at once again', 1_000, [1, 1]],
    ['before the last, for the clock was set back', -86_400_000, [1, 1]],
  ])(
    'takes a sample that comes %s for one of the nearest second after the last',
    async (_, at, expected) => {
      const circuit = new Circuit('a');
      const sampler = new TrafficSampler([circuit]);
      sampler.sample(0);
      await circuit.execute(() => 1);
      sampler.sample(1_000);
      await circuit.execute(() => 1);
      sampler.sample(at);
      const { calls, until } = sampler.historyOf(circuit, 1)!;
      expect(calls).toEqual([
        ...Array<number>(300 - expected.length).fill(0),
        ...expected,
      ]);
      expect(until).toBe(at);
    },
  );

  it('goes on from the time to which the clock was set', async () => {
    const circuit = new Circuit('a');
    const sampler = new TrafficSampler([circuit]);
    sampler.sample(50_000);
    sampler.sample(10_000);
    await circuit.execute(() => 1);
    sampler.sample(11_000);
    await circuit.execute(() => 1);
    sampler.sample(13_000);
    expect(sampler.historyOf(circuit, 1)!.calls.slice(-3)).toEqual([1, 0, 1]);
  });

  it('counts each second what was added in it to each series', async () => {
    const circuit = new Circuit('a', { slowCallDuration: 1 });
    const sampler = new TrafficSampler([circuit]);
    sampler.sample(0);
    for (const second of [1, 2]) {
      for (let times = 0; times < second; times++) {
        circuit.tryAcquire()!.failure(new Error('no'), 2);
        circuit.tryAcquire()!.success(0);
      }
      sampler.sample(second * 1_000);
    }
    circuit.forceOpen();
    await circuit.execute(() => 1).catch(() => undefined);
    sampler.sample(3_000);
    for (const second of [4, 6]) {
      const answers = circuit.execute(() => 1, { fallback: async () => 2 });
      sampler.sample(second * 1_000);
      await answers;
      sampler.sample((second + 1) * 1_000);
    }
    const { calls, failures, slow, rejected, fallbacks } = sampler.historyOf(
      circuit,
      1,
    )!;
    expect(calls.slice(-7)).toEqual([2, 4, 0, 0, 0, 0, 0]);
    expect(failures.slice(-7)).toEqual([1, 2, 0, 0, 0, 0, 0]);
    expect(slow.slice(-7)).toEqual([1, 2, 0, 0, 0, 0, 0]);
    expect(rejected.slice(-7)).toEqual([0, 0, 1, 1, 0, 1, 0]);
    expect(fallbacks.slice(-7)).toEqual([0, 0, 0, 0, 1, 0, 1]);
  });

  it('has forgotten a circuit that was gone for a second', async () => {
    const circuits = [new Circuit('a')];
    const [circuit] = circuits as [Circuit];
    const sampler = new TrafficSampler(circuits);
    sampler.sample(0);
    await circuit.execute(() => 1);
    sampler.sample(1_000);
    circuits.pop();
    sampler.sample(2_000);
    circuits.push(circuit);
    sampler.sample(3_000);
    expect(sampler.historyOf(circuit, 1)!.calls.slice(-3)).toEqual([0, 0, 1]);
  });

  it('counts the first calls of a circuit that came later', async () => {
    const circuits: Circuit[] = [];
    const sampler = new TrafficSampler(circuits);
    sampler.sample(0);
    const circuit = new Circuit('late', { slowCallDuration: 1 });
    circuits.push(circuit);
    circuit.tryAcquire()!.failure(new Error('no'), 2);
    circuit.forceOpen();
    await circuit.execute(() => 1, { fallback: () => 2 });
    sampler.sample(1_000);
    expect(sampler.historyOf(circuit, 300)).toEqual({
      step: 300,
      until: 1_000,
      calls: [1],
      failures: [1],
      slow: [1],
      rejected: [1],
      fallbacks: [1],
    });
  });

  it('gives a history to no more circuits than it may, and those back that are idle or gone', async () => {
    const circuits = ['a', 'b', 'c'].map(name => new Circuit(name));
    const [a, b, c] = circuits as [Circuit, Circuit, Circuit];
    const sampler = new TrafficSampler(circuits, 2);
    sampler.sample(0);
    for (const circuit of circuits) await circuit.execute(() => 1);
    sampler.sample(1_000);
    expect(
      circuits.map(each => sampler.historyOf(each, 1) !== undefined),
    ).toEqual([true, true, false]);
    circuits.shift();
    sampler.sample(2_000);
    expect(sampler.historyOf(a, 1)).toBeUndefined();
    await c.execute(() => 1);
    sampler.sample(3_000);
    expect(sampler.historyOf(c, 1)).toBeDefined();
    sampler.sample(300_000);
    expect(sampler.historyOf(b, 1)).toBeDefined();
    sampler.sample(301_000);
    expect(sampler.historyOf(b, 1)).toBeUndefined();
    expect(sampler.historyOf(c, 1)).toBeDefined();
    const [d, e] = [new Circuit('d'), new Circuit('e')] as const;
    circuits.push(d, e);
    for (const circuit of [d, e]) await circuit.execute(() => 1);
    sampler.sample(302_000);
    expect(sampler.historyOf(d, 1)).toBeDefined();
    expect(sampler.historyOf(e, 1)).toBeUndefined();
  });

  it('has no more room when a circuit without a history goes', async () => {
    const circuits = ['a', 'b'].map(name => new Circuit(name));
    const sampler = new TrafficSampler(circuits, 1);
    sampler.sample(0);
    for (const circuit of circuits) await circuit.execute(() => 1);
    sampler.sample(1_000);
    circuits[1] = new Circuit('c');
    await circuits[1].execute(() => 1);
    sampler.sample(2_000);
    await circuits[1].execute(() => 1);
    sampler.sample(3_000);
    expect(sampler.historyOf(circuits[1], 1)).toBeUndefined();
  });

  it('gives a history to 2,000 circuits unless told otherwise', () => {
    const circuits = Array.from({ length: 2_001 }, () => new Circuit('a'));
    const sampler = new TrafficSampler(circuits);
    sampler.sample(0);
    for (const circuit of circuits) circuit.tryAcquire()!.success();
    sampler.sample(1_000);
    expect(sampler.historyOf(circuits[1_999]!, 1)).toBeDefined();
    expect(sampler.historyOf(circuits[2_000]!, 1)).toBeUndefined();
  });
});

describe('the roster', () => {
  const plain = new Circuit('plain');
  const keyed = Array.from(
    { length: 5 },
    (_, index) => new Circuit('tenants', {}, { key: `${index}` }),
  );
  keyed[4]!.forceOpen();

  it('leaves out closed keyed circuits alone, and keeps to its choice', () => {
    const shown = new Set([keyed[3]!]);
    const { circuits, omitted } = chooseCircuits([...keyed, plain], shown, 3);
    expect(circuits).toEqual([keyed[4], plain, keyed[3]]);
    expect(omitted).toBe(3);
  });

  it('fills the room that it has with others', () => {
    const shown = new Set([keyed[3]!]);
    const { circuits, omitted } = chooseCircuits([...keyed, plain], shown, 5);
    expect(circuits).toEqual([keyed[4], plain, keyed[3], keyed[0], keyed[1]]);
    expect(omitted).toBe(1);
  });

  it('has all in their order where there is room for them', () => {
    const all = [...keyed, plain];
    expect(chooseCircuits(all, new Set(), 6)).toEqual({
      circuits: all,
      omitted: 0,
    });
  });

  it('leaves out none of those that are needed, be they too many', () => {
    const all = [plain, keyed[4]!, new Circuit('other'), keyed[0]!];
    expect(chooseCircuits(all, new Set(), 1)).toEqual({
      circuits: all.slice(0, 3),
      omitted: 1,
    });
  });

  it('has room for 2,000', () => {
    const many = Array.from(
      { length: 2_001 },
      (_, index) => new Circuit('tenants', {}, { key: `${index}` }),
    );
    expect(chooseCircuits(many.slice(1)).omitted).toBe(0);
    const { circuits, omitted } = chooseCircuits(many);
    expect(circuits).toEqual(many.slice(0, 2_000));
    expect(omitted).toBe(1);
  });

  it('finds a circuit by its name and its key', () => {
    const all = [...keyed, plain];
    expect(findCircuit(all, 'tenants', '1')).toBe(keyed[1]);
    expect(findCircuit(all, 'plain', null)).toBe(plain);
    expect(findCircuit(all, 'plain', '1')).toBeUndefined();
    expect(findCircuit(all, 'tenants', null)).toBeUndefined();
    expect(findCircuit(all, null, null)).toBeUndefined();
  });
});
