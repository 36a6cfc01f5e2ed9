import { describe, expect, it } from '@jest/globals';
import { Circuit } from '../../lib/circuit/circuit.js';
import type { CircuitOptions } from '../../lib/state/circuit-options.js';
import {
  announce,
  fail,
  ScriptedFleet,
  stored,
  succeed,
} from './scripted-fleet.js';

/** An instance with one circuit that has joined. */
async function joined(
  options: CircuitOptions = {},
  ...[settings, random]: ConstructorParameters<typeof ScriptedFleet>
) {
  const one = new ScriptedFleet(settings, random);
  const circuit = one.add(options);
  const first = await one.join();
  return { one, circuit, first };
}

const NOTHING = { gen: 0, configGen: 0, id: 'a', rules: 1, wait: 1_000 };
const VIEW = { state: 'closed', reason: '', attempt: 0, left: 0, ordered: 0 };

describe('a circuit that has followed the fleet', () => {
  it('tells again when it opens by itself', async () => {
    const { one, circuit } = await joined({ consecutiveFailures: 1 });
    announce(one, { state: 'open', gen: 3, left: 1_000 });
    announce(one, { state: 'closed', gen: 4 });
    expect(circuit.state).toBe('closed');

    fail(circuit, 1);
    expect(circuit.state).toBe('open');
    expect(await one.flush()).toHaveProperty('opened');
  });
});

describe('a circuit that comes to the fleet', () => {
  it('compares what it knows, which is nothing', async () => {
    const { first } = await joined();
    expect(first).toEqual({ ...NOTHING, view: VIEW });
  });

  it('is told in whole milliseconds how long it would wait', async () => {
    const { first } = await joined({ openDuration: 99.5 });
    expect(first!.wait).toBe(100);
  });

  it('has nothing to tell afterwards', async () => {
    const { one, circuit } = await joined();
    expect(await one.flush()).toBeUndefined();
    expect(circuit.snapshot().shared).toEqual({
      joined: true,
      state: 'closed',
      generation: 0,
      instances: 2,
      share: null,
      window: null,
    });
  });

  it('does not know where the fleet is before it is answered', async () => {
    const one = new ScriptedFleet();
    const circuit = one.add();
    one.add({}, 'b');
    await one.join();
    const later = one.add({}, 'c');
    expect(circuit.snapshot().shared).toMatchObject({ joined: true });
    expect(later.snapshot().shared).toMatchObject({
      joined: false,
      state: null,
    });
  });

  it.each(['forced-open', 'forced-closed'] as const)(
    'tells that it is %s by an order that came before',
    async state => {
      const one = new ScriptedFleet();
      const { clock } = one;
      const circuit = new Circuit('a', {}, { clock });
      if (state === 'forced-open') circuit.forceOpen('by hand');
      else circuit.forceClosed('by hand');
      one.fleet.attach(circuit);
      const report = await one.join();
      expect(report!.order).toEqual({ state, reason: 'by hand' });
    },
  );

  it('tells of no order where it has opened by itself', async () => {
    const one = new ScriptedFleet();
    const { clock } = one;
    const circuit = new Circuit('a', { consecutiveFailures: 1 }, { clock });
    fail(circuit);
    one.fleet.attach(circuit);
    expect(await one.join()).not.toHaveProperty('order');
  });

  it('is put where the fleet is, without the orders of before', async () => {
    const one = new ScriptedFleet();
    const circuit = one.add();
    succeed(circuit, 3);
    await one.join({ state: stored({ gen: 5, ordered: 5 }) });
    // A reset that was ordered before it came.
    expect(circuit.snapshot().window.calls).toBe(3);
    announce(one, { gen: 6, ordered: 6 });
    expect(circuit.snapshot().window.calls).toBe(0);
  });
});

describe('calls of a closed circuit', () => {
  it('are told by what there is of them, once', async () => {
    const { one, circuit } = await joined({ slowCallDuration: 50 });
    succeed(circuit, 2);
    expect(await one.flush()).toEqual({ ...NOTHING, calls: 2 });
    fail(circuit, 1);
    expect(await one.flush()).toEqual({ ...NOTHING, calls: 1, failures: 1 });
    const permit = circuit.tryAcquire()!;
    one.clock.advance(60);
    permit.success();
    const report = await one.flush();
    expect(report).toEqual({ ...NOTHING, calls: 1, slow: 1 });
    expect(await one.flush()).toBeUndefined();
  });

  it('from before it came are its own', async () => {
    const one = new ScriptedFleet();
    const circuit = one.add();
    succeed(circuit, 3);
    expect(await one.join()).not.toHaveProperty('calls');
    expect(await one.flush()).toBeUndefined();
  });

  it('that were made while the store was out of reach are not told', async () => {
    const { one, circuit } = await joined();
    await one.ask(100);
    await one.fail();
    succeed(circuit, 3);
    await one.ask();
    await one.answer();
    expect(await one.flush()).toEqual({ ...NOTHING, view: VIEW });
    expect(await one.flush()).toBeUndefined();
  });

  it('give it the window that all share, and its share', async () => {
    const { one, circuit } = await joined();
    succeed(circuit, 2);
    await one.flush({ window: [8, 3, 1, 0, 5] });
    const { share, window } = circuit.snapshot().shared!;
    expect(share).toBe(0.25);
    expect(window).toEqual({ calls: 8, failures: 3, slow: 1 });
    one.clock.advance(1_001);
    expect(circuit.snapshot().shared).toMatchObject({ window: null });
  });

  it('leave it no window where the answer is of another generation', async () => {
    const { one, circuit } = await joined();
    succeed(circuit, 2);
    await one.ask();
    announce(one, { gen: 7 });
    await one.answer({ window: [8, 3, 1, 0, 5] });
    expect(circuit.snapshot().shared!.window).toBeNull();
  });

  it('leave it a window without a share where it has told of none', async () => {
    const { one, circuit } = await joined();
    one.listener!.resumed();
    await one.flush({ window: [8, 3, 1, 0, 5] });
    expect(circuit.snapshot().shared!.share).toBe(0);
  });

  it('belong to the generation in which they were made', async () => {
    const { one, circuit } = await joined();
    succeed(circuit, 2);
    announce(one, { gen: 7 });
    expect(await one.flush()).toBeUndefined();
    succeed(circuit, 1);
    expect(await one.flush()).toEqual({ ...NOTHING, gen: 7, calls: 1 });
  });
});

describe('a circuit that opens by itself', () => {
  it('says for how long, once, with the calls that came before', async () => {
    const { one, circuit } = await joined({ openDuration: 99.5 });
    fail(circuit, 5);
    expect(circuit.state).toBe('open');
    expect(await one.flush()).toEqual({
      ...NOTHING,
      wait: 100,
      calls: 5,
      failures: 5,
      opened: 100,
    });
    expect(await one.flush()).toBeUndefined();
  });

  it('says nothing of it where it has closed again', async () => {
    const { one, circuit } = await joined({
      openDuration: 1,
      halfOpen: { calls: 1 },
    });
    fail(circuit, 5);
    one.clock.advance(2);
    succeed(circuit, 1);
    expect(circuit.state).toBe('closed');
    expect(await one.flush()).not.toHaveProperty('opened');
  });

  it('tells none of its probes as calls, and calls again once it is closed', async () => {
    const { one, circuit } = await joined({
      openDuration: 1,
      halfOpen: { calls: 2 },
    });
    fail(circuit, 5);
    one.clock.advance(2);
    succeed(circuit, 2);
    succeed(circuit, 1);
    expect(await one.flush()).toMatchObject({ calls: 6, failures: 5 });
  });

  it('tells none of its probes while it is half-open', async () => {
    const { one, circuit } = await joined({
      openDuration: 1,
      halfOpen: { calls: 3 },
    });
    fail(circuit, 5);
    await one.flush();
    succeed(circuit, 1);
    expect(circuit.state).toBe('half-open');
    expect(await one.flush()).toBeUndefined();
  });

  it('says so with what is left when it comes to a fleet that is closed', async () => {
    const one = new ScriptedFleet();
    const circuit = one.add();
    fail(circuit, 5);
    expect(await one.join()).not.toHaveProperty('opened');
    const report = await one.flush();
    expect(report).toEqual({ ...NOTHING, wait: 980, opened: 980 });
    expect(circuit.state).toBe('open');
  });

  it('says nothing of a time that is over with the store out of reach', async () => {
    const { one, circuit } = await joined();
    fail(circuit, 5);
    await one.ask();
    await one.fail();
    await one.ask();
    await one.answer();
    const report = await one.flush();
    // Counted again from where it is when the store is back.
    expect(report).toEqual({ ...NOTHING, view: VIEW });
    expect(await one.flush()).toMatchObject({ opened: 940 });
  });

  it('does not say so where it follows the fleet', async () => {
    const { one, circuit } = await joined();
    announce(one, { state: 'open', left: 500, attempt: 1, gen: 4 });
    expect(circuit.state).toBe('open');
    expect(await one.flush()).toBeUndefined();
    announce(one, { state: 'closed', gen: 5 });
    expect(circuit.state).toBe('closed');
    expect(await one.flush()).toBeUndefined();
  });
});

describe('how long the fleet would wait', () => {
  it('is drawn once for each generation, of the attempt that comes next', async () => {
    let draws = 0;
    const { one, circuit } = await joined(
      { openDuration: { initial: 100, multiplier: 2 }, openJitter: 1 },
      {},
      () => ++draws / 4,
    );
    succeed(circuit);
    expect(await one.flush()).toMatchObject({ wait: 125 });
    expect(draws).toBe(1);
    announce(one, { gen: 5, attempt: 2 });
    succeed(circuit);
    // 100 * 2 * 2, and half of it.
    expect(await one.flush()).toMatchObject({ wait: 600 });
    expect(draws).toBe(2);
  });

  it('is told of a function that throws in the log, once', async () => {
    const { one, circuit } = await joined({
      openDuration: () => {
        throw new Error('odd');
      },
    });
    announce(one, { gen: 5 });
    succeed(circuit);
    expect(await one.flush()).toMatchObject({ wait: 60_000 });
    expect(one.logged.filter(line => /openDuration threw/.test(line))).toEqual([
      'openDuration threw: Error: odd',
    ]);
  });
});

describe('an order', () => {
  it('is told with its reason, until the store has it', async () => {
    const { one, circuit } = await joined();
    circuit.forceOpen('by hand');
    const order = { state: 'forced-open', reason: 'by hand' };
    expect(await one.flush()).toEqual({ ...NOTHING, order });
    expect(await one.flush()).toBeUndefined();
  });

  it('is told with the first 300 characters of its reason, as valid text', async () => {
    const { one, circuit } = await joined();
    circuit.forceOpen(`\ud800${'x'.repeat(400)}`);
    const { order } = (await one.flush())!;
    expect(order!.reason).toBe(`\ufffd${'x'.repeat(299)}`);
  });

  it('is told again where the request with it was given up', async () => {
    const { one, circuit } = await joined();
    circuit.forceOpen('by hand');
    const next = await one.giveUp();
    expect(next!.circuits[0]).toMatchObject({
      order: { state: 'forced-open', reason: 'by hand' },
      view: VIEW,
    });
  });

  it('that was given while another is on its way is told next', async () => {
    const { one, circuit } = await joined();
    circuit.forceOpen('first');
    await one.ask();
    circuit.forceClosed('second');
    await one.answer({
      state: stored({ state: 'forced-open', gen: 4, ordered: 4 }),
    });
    expect(circuit.state).toBe('forced-closed');
    expect(await one.flush()).toMatchObject({
      gen: 4,
      order: { state: 'forced-closed', reason: 'second' },
    });
  });

  it('lets nothing else move the circuit while it is on its way', async () => {
    const { one, circuit } = await joined();
    circuit.forceClosed('by hand');
    announce(one, { state: 'open', left: 500, gen: 4 });
    expect(circuit.state).toBe('forced-closed');
    await one.flush();
    // Another order was first.
    expect(circuit.state).toBe('open');
  });

  it('that was carried out where it was given begins no window a second time', async () => {
    const { one, circuit } = await joined();
    circuit.reset('begin anew');
    succeed(circuit, 2);
    await one.ask();
    await one.answer({
      state: stored({ gen: 4, ordered: 4, reason: 'begin anew' }),
    });
    expect(circuit.snapshot().window.calls).toBe(2);
  });

  it.each([
    ['another state', { state: 'closed', reason: 'by hand' }],
    ['another reason', { state: 'forced-closed', reason: 'other' }],
  ] as const)('gives way to one that was first, with %s', async (_, told) => {
    const { one, circuit } = await joined();
    circuit.forceClosed('by hand');
    await one.flush({ state: stored({ ...told, gen: 4, ordered: 4 }) });
    expect(circuit.snapshot()).toMatchObject({ state: told.state });
  });

  it('of a reset gives way to another reset, which empties the window again', async () => {
    const { one, circuit } = await joined();
    circuit.reset('mine');
    succeed(circuit, 2);
    await one.flush({
      state: stored({ gen: 4, ordered: 4, reason: 'theirs' }),
    });
    expect(circuit.snapshot().window.calls).toBe(0);
  });

  it('that closes an open circuit is told without the calls that come after it', async () => {
    const { one, circuit } = await joined();
    announce(one, { state: 'open', left: 500, gen: 4 });
    circuit.reset();
    succeed(circuit, 2);
    const report = await one.flush();
    expect(report).toMatchObject({ gen: 4, order: { state: 'closed' } });
    expect(report).not.toHaveProperty('calls');
  });

  it('allows no probe while it is on its way', async () => {
    const { one, circuit } = await joined({ openDuration: 10 });
    announce(one, { state: 'half-open', gen: 4 });
    await one.flush();
    announce(one, { state: 'half-open', gen: 5 });
    circuit.reset();
    expect(circuit.state).toBe('closed');
    expect(await one.flush()).toMatchObject({ order: { state: 'closed' } });
  });
});

describe('a store that has lost what is known here', () => {
  it('is told at the next flush, with all that is known', async () => {
    const { one, circuit } = await joined();
    announce(one, {
      state: 'open',
      gen: 9,
      left: 500,
      attempt: 2,
      ordered: 3,
      config: { maxKeys: [5, '7'] },
      configGen: 5,
    });
    one.listener!.resumed();
    await one.flush({ state: stored({ gen: 2 }) });
    expect(circuit.state).toBe('open');
    expect(await one.flush()).toEqual({
      ...NOTHING,
      gen: 9,
      configGen: 5,
      view: {
        state: 'open',
        reason: 'because',
        attempt: 2,
        left: 460,
        ordered: 3,
        config: { maxKeys: [5, '7'] },
      },
    });
  });

  it('is no view to follow for a circuit that comes back', async () => {
    const { one, circuit } = await joined();
    announce(one, { gen: 9 });
    await one.ask(100);
    await one.fail();
    await one.ask();
    await one.answer();
    await one.ask();
    await one.answer({ state: stored({ gen: 2 }) });
    expect(circuit.snapshot().shared!.joined).toBe(false);
    await one.flush();
    expect(circuit.snapshot().shared!.joined).toBe(true);
  });

  it('of options is noticed by an announcement of the same generation', async () => {
    const { one } = await joined();
    const config = { maxKeys: [5, '7'] } as const;
    announce(one, { gen: 9, config, configGen: 5 });
    expect(await one.flush()).toBeUndefined();
    announce(one, { gen: 9, config: {}, configGen: 5 });
    expect(await one.flush()).toHaveProperty('view');
  });

  it('is not noticed by older news', async () => {
    const { one } = await joined();
    const config = { maxKeys: [5, '7'] } as const;
    announce(one, { gen: 9, config, configGen: 5 });
    announce(one, { gen: 8, config: {}, configGen: 4 });
    expect(await one.flush()).toBeUndefined();
  });

  it('lets an order that it may not have got settle nothing', async () => {
    const { one, circuit } = await joined();
    announce(one, { gen: 9 });
    circuit.forceOpen('by hand');
    await one.flush({ state: stored({ gen: 2 }) });
    expect(circuit.state).toBe('forced-open');
  });
});

describe('the state of a generation', () => {
  it('is the one that the store answers, whatever was announced', async () => {
    const { one, circuit } = await joined();
    announce(one, { state: 'open', left: 500, gen: 4 });
    one.listener!.resumed();
    await one.flush({ state: stored({ gen: 4 }) });
    expect(circuit.state).toBe('closed');
  });

  it('that is compared takes nothing from what is counted meanwhile', async () => {
    const { one, circuit } = await joined();
    one.listener!.resumed();
    await one.ask();
    succeed(circuit, 2);
    await one.answer();
    expect(await one.flush()).toEqual({ ...NOTHING, calls: 2 });
  });
});

describe('options changed at run time', () => {
  it('are told with what is known, which the store may have lost', async () => {
    const { one, circuit } = await joined();
    circuit.configure({ minimumCalls: 7 });
    expect(await one.flush()).toEqual({
      ...NOTHING,
      change: { minimumCalls: '7' },
      view: VIEW,
    });
    expect(await one.flush()).toBeUndefined();
  });

  it('are told again where the request with them was given up', async () => {
    const { one, circuit } = await joined();
    circuit.configure({ minimumCalls: 7 });
    const next = await one.giveUp();
    expect(next!.circuits[0]).toMatchObject({
      change: { minimumCalls: '7' },
    });
  });

  it('are told once where a later request was given up', async () => {
    const { one, circuit } = await joined();
    circuit.configure({ minimumCalls: 7 });
    await one.flush();
    succeed(circuit, 1);
    const next = await one.giveUp();
    expect(next!.circuits[0]).toHaveProperty('view');
    expect(next!.circuits[0]).not.toHaveProperty('change');
  });

  it('that cannot be sent are told in the log, once', async () => {
    const { one, circuit } = await joined();
    circuit.configure({ openDuration: () => 1 });
    circuit.configure({ openDuration: () => 2 });
    expect(one.logged.filter(line => /cannot be sent/.test(line))).toEqual([
      'configure() of circuit "a" has options that cannot be sent, such as functions: these are changed at this instance alone.',
    ]);
  });

  it('by others that do not fit are told in the log, once for each circuit', async () => {
    const { one } = await joined();
    one.add({}, 'b');
    await one.flush();
    const config = { maxKeys: [5, '"many"'] } as const;
    announce(one, { gen: 9, config, configGen: 5 });
    announce(one, { gen: 10, config, configGen: 5 });
    one.listener!.announced({
      id: 'b',
      rev: 2,
      epoch: 'e',
      what: 'state',
      state: stored({ config, configGen: 5 }),
    });
    const told = one.logged.filter(line => /do not fit here/.test(line));
    expect(told).toHaveLength(2);
    expect(told[0]).toMatch(/^Circuit "a" was given options .*maxKeys/s);
    expect(told[1]).toMatch(/^Circuit "b"/);
  });
});

/** Knows that the fleet is there, and has lost it. */
async function cutOff(state: Parameters<typeof stored>[0]) {
  const { one, circuit } = await joined({
    openDuration: 10,
    halfOpen: { calls: 1 },
  });
  announce(one, state);
  await one.ask(100);
  await one.fail();
  return { one, circuit };
}

describe('options by others that fit nowhere', () => {
  const known = { maxKeys: [5, '"many"'] } as const;
  const both = { ...known, mode: [6, '"off"'] } as const;

  it('are each told in the log', async () => {
    const { one } = await joined();
    announce(one, { gen: 9, config: known, configGen: 5 });
    announce(one, { gen: 10, config: both, configGen: 6 });
    const told = one.logged.filter(line => /do not fit here/.test(line));
    expect(told).toHaveLength(2);
    expect(told[1]).toContain('mode');
  });

  it('leave in force what is changed here, two of them also', async () => {
    const { one, circuit } = await joined();
    circuit.configure({ minimumCalls: 7 });
    announce(one, { gen: 9, config: both, configGen: 6 });
    expect(circuit.rules.minimumCalls).toBe(7);
  });
});

describe('a circuit that was cut off', () => {
  it('is put where the fleet is when that is back', async () => {
    const { one, circuit } = await cutOff({ state: 'forced-closed', gen: 4 });
    fail(circuit, 5);
    await one.ask();
    await one.answer();
    expect(await one.flush()).toMatchObject({ gen: 4 });
    expect(circuit.state).toBe('forced-closed');
  });

  it('is half-open with the fleet, although its own probe has failed', async () => {
    const { one, circuit } = await cutOff({ state: 'half-open', gen: 4 });
    fail(circuit, 1);
    expect(circuit.state).toBe('open');
    await one.ask();
    await one.answer();
    await one.flush();
    expect(circuit.state).toBe('half-open');
  });

  it.each(['open', 'half-open'] as const)(
    'says that it has closed on its own probes, where the fleet was %s',
    async state => {
      const { one, circuit } = await cutOff({ state, gen: 4, left: 10 });
      one.clock.advance(50);
      succeed(circuit, 1);
      expect(circuit.state).toBe('closed');
      await one.answer();
      const report = (await one.flush()) ?? one.requests.at(-1)!.circuits[0];
      expect(report).toMatchObject({ closedAlone: true, view: { state } });
    },
  );

  it('says nothing of the kind where it has not', async () => {
    const { one, circuit } = await cutOff({ state: 'open', gen: 4, left: 500 });
    expect(circuit.state).toBe('open');
    await one.ask();
    await one.answer();
    const report = await one.flush();
    expect(report).toHaveProperty('view');
    expect(report).not.toHaveProperty('closedAlone');
  });

  it('says nothing of the kind where the fleet was closed all along', async () => {
    const { one } = await cutOff({ state: 'closed', gen: 4 });
    await one.ask();
    await one.answer();
    const report = await one.flush();
    expect(report).toHaveProperty('view');
    expect(report).not.toHaveProperty('closedAlone');
  });
});
