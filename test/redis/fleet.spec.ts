import { describe, expect, it } from '@jest/globals';
import type { ExchangeRequest } from '../../lib/redis/fleet-store.js';
import { CircuitBreakerRegistry } from '../../lib/registry/circuit-breaker.registry.js';
import {
  announce,
  fail,
  ScriptedFleet,
  settled,
  stored,
  succeed,
} from './scripted-fleet.js';

/** Which circuits a request compares. */
function compared(request: ExchangeRequest | undefined): string[] {
  return (request?.circuits ?? [])
    .filter(({ view }) => view !== undefined)
    .map(({ id }) => id);
}

describe('an instance that starts', () => {
  it('listens, and sends nothing before the first flush', async () => {
    const one = new ScriptedFleet();
    one.fleet.start();
    expect(one.listener).toBe(one.fleet);
    expect(await one.ask(19)).toBeUndefined();
    expect(await one.ask(1)).toEqual({
      instance: 'id-1',
      seq: 1,
      epoch: 'id-2',
      quorum: 2,
      aliveFor: 300,
      claimFor: 5_000,
      ttl: 30_000,
      rules: [],
      circuits: [],
    });
  });

  it('is alone until it is answered', async () => {
    const one = new ScriptedFleet();
    expect(one.fleet.status).toEqual({
      joined: false,
      reason: 'not connected yet',
      instances: 1,
    });
    await one.join();
    expect(one.fleet.status).toEqual({
      joined: true,
      reason: null,
      instances: 2,
    });
  });

  it('counts itself, whatever the store says', async () => {
    const one = new ScriptedFleet();
    one.reply = { ...one.reply, instances: 0 };
    await one.join();
    expect(one.fleet.instances).toBe(1);
  });

  it('tells the log nothing of a connection that takes a moment', async () => {
    const one = new ScriptedFleet();
    one.fleet.start();
    await one.ask();
    await one.fail();
    expect(one.logged).toEqual([]);
    await one.ask(2_000);
    await one.fail();
    expect(one.logged.join()).toMatch(/"scripted".*out of reach \(gone\)/);
  });
});

describe('an idle instance', () => {
  it('is heard at each poll, and not more often', async () => {
    const one = new ScriptedFleet();
    one.add();
    await one.join();
    for (let flush = 0; flush < 4; flush++) {
      expect(await one.ask()).toBeUndefined();
    }
    const poll = await one.ask();
    expect(poll).toMatchObject({ seq: 6, circuits: [], rules: [] });
  });

  it('asks at each flush until the store is back', async () => {
    const one = new ScriptedFleet();
    await one.join();
    await one.ask(100);
    await one.fail();
    const again = await one.ask();
    expect(again).toBeDefined();
    await one.answer();
    expect(await one.ask()).toBeUndefined();
  });

  it('compares all circuits every third of the time for which they are kept', async () => {
    const one = new ScriptedFleet({ ttl: 300 });
    one.add();
    one.answersAtOnce = true;
    one.fleet.start();
    const times: number[] = [];
    for (let flush = 1; flush <= 16; flush++) {
      const request = await one.ask();
      if (compared(request).length > 0) times.push(one.clock.now());
    }
    expect(times).toEqual([20, 100, 200, 300]);
  });
});

describe('a request', () => {
  it('is the only one until it is answered', async () => {
    const one = new ScriptedFleet();
    one.fleet.start();
    expect(await one.ask()).toBeDefined();
    expect(await one.ask(400)).toBeUndefined();
  });

  it('is sent again as it was where there was no answer', async () => {
    const one = new ScriptedFleet();
    const circuit = one.add();
    await one.join();
    fail(circuit, 2);
    const first = await one.ask();
    await one.fail();
    fail(circuit, 1);
    const second = await one.ask();
    expect(second).toBe(first);
    await one.answer();
    expect(one.fleet.joined).toBe(true);
  });

  it('is given up after five seconds, and what was to be compared is compared anew', async () => {
    const one = new ScriptedFleet();
    one.add();
    one.fleet.start();
    const first = await one.ask();
    await one.fail();
    for (const after of [20, 4_960, 20]) {
      await one.ask(after);
      expect(one.requests.at(-1)).toBe(first);
      await one.fail();
    }
    expect(one.clock.now()).toBe(5_020);
    const next = await one.ask();
    expect(next!.seq).toBe(2);
    expect(compared(next)).toEqual(['a']);
  });

  it('may be answered for some of its circuits alone', async () => {
    const one = new ScriptedFleet();
    const circuits = [one.add(), one.add({}, 'b')];
    one.fleet.start();
    const request = await one.ask();
    expect(compared(request)).toEqual(['a', 'b']);
    one.requests[0] = { ...request!, circuits: [request!.circuits[0]!] };
    await one.answer();
    expect(circuits.map(circuit => circuit.snapshot().shared?.joined)).toEqual([
      true,
      false,
    ]);
  });

  it.each([
    ['an error', new Error('broken'), 'broken'],
    ['what is no error', 'odd', 'odd'],
  ])('that fails with %s says so', async (_, error, reason) => {
    const one = new ScriptedFleet();
    await one.join();
    await one.ask(100);
    await one.fail(error);
    expect(one.fleet.status).toMatchObject({ joined: false, reason });
  });
});

async function joined() {
  const one = new ScriptedFleet();
  const circuits = [one.add(), one.add({}, 'b')];
  await one.join();
  return { one, circuits, listener: one.listener! };
}

describe('an announcement', () => {
  const OPEN = stored({ state: 'open', left: 500, attempt: 1 });

  it('puts the circuit where the fleet is', async () => {
    const { circuits, listener } = await joined();
    const told = { id: 'b', rev: 1, epoch: 'e', what: 'state' } as const;
    listener.announced({ ...told, state: OPEN });
    expect(circuits.map(({ state }) => state)).toEqual(['closed', 'open']);
  });

  it('of another life of the store is left to the next answer', async () => {
    const { one, circuits, listener } = await joined();
    const told = { id: 'a', rev: 9, epoch: 'x', what: 'state' } as const;
    listener.announced({ ...told, state: OPEN });
    expect(circuits[0]!.state).toBe('closed');
    expect(await one.ask()).toBeUndefined();
  });

  it('of a circuit that is not here is nothing', async () => {
    const { one, listener } = await joined();
    const told = { id: 'z', rev: 1, epoch: 'e' } as const;
    listener.announced({ ...told, what: 'state', state: OPEN });
    listener.announced({ ...told, rev: 2, what: 'wanted', gen: 0 });
    expect(await one.ask()).toBeUndefined();
  });

  it('after one that was missed has all circuits compared', async () => {
    const { one, listener } = await joined();
    const told = { id: 'z', epoch: 'e', what: 'wanted', gen: 0 } as const;
    listener.announced({ ...told, rev: 1 });
    expect(await one.ask()).toBeUndefined();
    listener.announced({ ...told, rev: 3 });
    expect(compared(await one.ask())).toEqual(['a', 'b']);
  });

  it('that was missed is noticed by the next answer', async () => {
    const { one } = await joined();
    one.reply = { ...one.reply, rev: 1 };
    await one.ask(100);
    await one.answer();
    expect(compared(await one.ask())).toEqual(['a', 'b']);
  });

  it('may have been missed while the connection was gone', async () => {
    const { one, listener } = await joined();
    listener.resumed();
    expect(compared(await one.ask())).toEqual(['a', 'b']);
  });
});

describe('a store that was emptied', () => {
  it('is told all circuits', async () => {
    const one = new ScriptedFleet();
    one.add();
    await one.join();
    one.reply = { ...one.reply, epoch: 'f' };
    await one.ask(100);
    await one.answer();
    expect(compared(await one.ask())).toEqual(['a']);
  });
});

describe('a circuit that is let go', () => {
  it('is told of no more, and decides alone', async () => {
    const one = new ScriptedFleet();
    const circuit = one.add();
    await one.join();
    one.fleet.detach(circuit);
    expect(circuit.snapshot().shared).toBeNull();
    fail(circuit, 2);
    expect(await one.ask()).toBeUndefined();
    announce(one, { state: 'open', left: 500 });
    expect(circuit.state).toBe('closed');
  });

  it('may be none of the fleet', async () => {
    const one = new ScriptedFleet();
    const other = new ScriptedFleet().add();
    one.add();
    one.fleet.detach(other);
    expect(compared(await one.join().then(() => one.requests[0]))).toEqual([
      'a',
    ]);
  });

  it('takes nothing from one of the same name that was made since', async () => {
    const one = new ScriptedFleet();
    const first = one.add();
    await one.join();
    const second = one.add();
    one.fleet.detach(first);
    await one.flush();
    announce(one, { state: 'open', left: 500 });
    expect([first.state, second.state]).toEqual(['closed', 'open']);
  });
});

describe('options changed at run time', () => {
  it('for a name are sent once, and not for each of its keyed circuits', async () => {
    const one = new ScriptedFleet();
    const [plain, keyed] = [one.add(), one.add({}, 'a', 'k')];
    await one.join();
    const patch = { maxKeys: 3 };
    // As the registry does for a name.
    plain.preparePatch(patch)();
    keyed.preparePatch(patch)();
    const request = await one.ask();
    expect(request!.circuits.map(({ id, change }) => [id, change])).toEqual([
      ['a', { maxKeys: '3' }],
    ]);
  });

  it('for one keyed circuit are sent as its own', async () => {
    const one = new ScriptedFleet();
    const keyed = one.add({}, 'a', 'k');
    await one.join();
    keyed.configure({ maxKeys: 3 });
    expect((await one.ask())!.circuits).toMatchObject([
      { id: 'a/k', change: { maxKeys: '3' } },
    ]);
  });

  it('by others are not sent as changes of its own, not even of circuits of the name', async () => {
    const one = new ScriptedFleet();
    const [plain, keyed] = [one.add(), one.add({}, 'a', 'k')];
    await one.join();
    const commits: unknown[] = [];
    const prepare = plain.preparePatch.bind(plain);
    plain.preparePatch = (patch, renewed) => {
      const commit = prepare(patch, renewed);
      return () => {
        commit();
        // As the registry does for a name.
        keyed.preparePatch(patch)();
        commits.push(patch);
      };
    };
    announce(one, { gen: 0, config: { maxKeys: [5, '3'] }, configGen: 5 });
    expect(commits).toEqual([{ maxKeys: 3 }]);
    expect(keyed.rules.maxKeys).toBe(3);
    expect(await one.ask()).toBeUndefined();
    // From then on what is changed here is told again.
    keyed.configure({ maxKeys: 4 });
    expect((await one.ask())!.circuits).toMatchObject([{ id: 'a/k' }]);
  });

  it('for a name, and for a circuit of it by the same object, are sent as two', async () => {
    const one = new ScriptedFleet();
    const registry = new CircuitBreakerRegistry();
    registry.getOrCreate('a');
    const keyed = registry.keyed('a', 'k');
    registry.coordinate(one.fleet);
    await one.join();
    const patch = { maxKeys: 3 };
    const sent = async () =>
      (await one.ask())!.circuits.map(({ id, change }) => [id, change]);
    registry.configure('a', patch);
    expect(await sent()).toEqual([['a', { maxKeys: '3' }]]);
    await one.answer();
    keyed.configure(patch);
    expect(await sent()).toEqual([['a/k', { maxKeys: '3' }]]);
    await one.answer();
    registry.get('a').configure(patch);
    keyed.configure(patch);
    expect(await sent()).toEqual([
      ['a', { maxKeys: '3' }],
      ['a/k', { maxKeys: '3' }],
    ]);
  });

  it("by who listens to the fleet's are sent, of this circuit or another", async () => {
    const one = new ScriptedFleet();
    const [first, second] = [one.add(), one.add({}, 'b')];
    await one.join();
    first.on(['configured'], () => {
      if (first.rules.minimumCalls === 9) return;
      first.configure({ minimumCalls: 9 });
      second.configure({ minimumCalls: 9 });
    });
    announce(one, { gen: 0, config: { maxKeys: [5, '3'] }, configGen: 5 });
    expect((await one.ask())!.circuits).toMatchObject([
      { id: 'a', change: { minimumCalls: '9' } },
      { id: 'b', change: { minimumCalls: '9' } },
    ]);
  });

  it('that cannot be put in force leave what is changed here to be told', async () => {
    const one = new ScriptedFleet();
    const circuit = one.add();
    await one.join();
    const prepare = circuit.preparePatch.bind(circuit);
    circuit.preparePatch = () => () => {
      throw new Error('not now');
    };
    announce(one, { gen: 0, config: { maxKeys: [5, '3'] }, configGen: 5 });
    circuit.preparePatch = prepare;
    circuit.configure({ critical: true });
    expect((await one.ask())!.circuits).toMatchObject([
      { change: { critical: 'true' } },
    ]);
    expect(one.logged.join()).toMatch(/"a" was given options.*not now/);
  });
});

describe('what the log is told once', () => {
  it('is each thing that it is told of', () => {
    const one = new ScriptedFleet();
    one.fleet.warnOnce('a', 'first');
    one.fleet.warnOnce('a', 'second');
    one.fleet.warnOnce('b', 'third');
    expect(one.logged).toEqual(['first', 'third']);
  });
});

describe('chance', () => {
  it('is that of the instance, or what it was given', () => {
    expect(new ScriptedFleet({}, () => 0.25).fleet.random()).toBe(0.25);
    const drawn = new ScriptedFleet().fleet.random();
    expect(drawn).toBeGreaterThanOrEqual(0);
    expect(drawn).toBeLessThan(1);
  });
});

describe('an instance that leaves', () => {
  it('says goodbye with what there is to tell, and lets go', async () => {
    const one = new ScriptedFleet();
    const circuit = one.add();
    await one.join();
    succeed(circuit, 3);
    const stopped = one.fleet.stop();
    await settled();
    expect(one.requests.at(-1)).toMatchObject({
      leaving: true,
      circuits: [{ id: 'a', calls: 3 }],
    });
    expect(one.closed).toBe(0);
    await one.answer();
    await stopped;
    expect(one.closed).toBe(1);
    expect(one.fleet.status).toMatchObject({
      joined: false,
      reason: 'this instance has left',
    });
    expect(circuit.snapshot().shared).toBeNull();
    expect(await one.ask(1_000)).toBeUndefined();
    expect(one.clock.pending).toBe(0);
  });

  it('does so once', async () => {
    const one = new ScriptedFleet();
    await one.join();
    one.answersAtOnce = true;
    await Promise.all([one.fleet.stop(), one.fleet.stop()]);
    await one.fleet.stop();
    expect(one.requests).toHaveLength(2);
    expect(one.closed).toBe(1);
  });

  it('says nothing where nobody can hear it', async () => {
    const one = new ScriptedFleet();
    one.fleet.start();
    await one.ask();
    await one.fail();
    await one.fleet.stop();
    expect(one.requests).toHaveLength(1);
    expect(one.closed).toBe(1);
  });

  it('may not have started', async () => {
    const one = new ScriptedFleet();
    await one.fleet.stop();
    expect([one.requests.length, one.closed]).toEqual([0, 1]);
  });

  it('waits for the answer that is out', async () => {
    const one = new ScriptedFleet();
    await one.join();
    await one.ask(100);
    const stopped = one.fleet.stop();
    await settled();
    expect(one.requests).toHaveLength(2);
    await one.answer();
    expect(one.requests).toHaveLength(3);
    await one.answer();
    await stopped;
    expect(one.closed).toBe(1);
  });

  it('flushes no more while it waits, also where a timer comes late', async () => {
    const one = new ScriptedFleet();
    await one.join();
    const { clock } = one;
    let late: (() => void) | undefined;
    const schedule = clock.schedule.bind(clock);
    clock.schedule = (delay, fn) => {
      late = fn;
      return schedule(delay, fn);
    };
    await one.ask();
    one.answersAtOnce = true;
    await one.fleet.stop();
    const { length } = one.requests;
    late!();
    await settled();
    expect(one.requests).toHaveLength(length);
    expect(clock.pending).toBe(0);
  });
});
