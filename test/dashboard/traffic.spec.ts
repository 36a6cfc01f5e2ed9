import { describe, expect, it } from '@jest/globals';
import { Circuit } from '../../lib/circuit/circuit.js';
import { CallHistory } from '../../lib/dashboard/call-history.js';
import { chooseCircuits } from '../../lib/dashboard/roster.js';
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
    expect({ until, step, length: calls.length }).toEqual({
      until: 123,
      step: 5,
      length: 60,
    });
    expect(calls.slice(-2)).toEqual([3, 5]);
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

  it('counts the first calls of a circuit that came later', async () => {
    const circuits: Circuit[] = [];
    const sampler = new TrafficSampler(circuits);
    sampler.sample(0);
    const circuit = new Circuit('late');
    circuits.push(circuit);
    await circuit.execute(() => 1);
    sampler.sample(1_000);
    expect(sampler.historyOf(circuit, 1)!.calls.at(-1)).toBe(1);
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
    sampler.sample(302_000);
    expect(sampler.historyOf(b, 1)).toBeUndefined();
  });
});

describe('the roster', () => {
  it('leaves out closed keyed circuits alone, and keeps to its choice', () => {
    const plain = new Circuit('plain');
    const keyed = Array.from(
      { length: 5 },
      (_, index) => new Circuit('tenants', {}, { key: `${index}` }),
    );
    keyed[4]!.forceOpen();
    const shown = new Set([keyed[3]!]);
    const { circuits, omitted } = chooseCircuits([...keyed, plain], shown, 3);
    expect(circuits).toEqual([keyed[4], plain, keyed[3]]);
    expect(omitted).toBe(3);
    expect(chooseCircuits([plain, ...keyed]).omitted).toBe(0);
  });
});
