import { describe, expect, it } from '@jest/globals';
import { Circuit } from '../../lib/circuit/circuit.js';
import type { CircuitOptions } from '../../lib/state/circuit-options.js';
import { fail, ScriptedFleet, stored, succeed } from './scripted-fleet.js';

function announce(one: ScriptedFleet, state: Parameters<typeof stored>[0]) {
  one.listener!.announced({
    id: 'a',
    rev: 1,
    epoch: 'e',
    what: 'state',
    state: stored(state),
  });
}

/** An instance whose fleet is open, and due in a tenth of a second. */
async function open(options: CircuitOptions = {}) {
  const one = new ScriptedFleet({ pollInterval: 60_000 });
  const circuit = one.add(options);
  await one.join();
  announce(one, { state: 'open', gen: 4, left: 100, attempt: 1 });
  return { one, circuit };
}

/** One whose fleet is half-open, and that holds leases. */
async function halfOpen(
  leases: readonly number[],
  options: CircuitOptions = {},
) {
  const { one, circuit } = await open(options);
  announce(one, { state: 'half-open', gen: 5 });
  one.listener!.resumed();
  await one.flush({ leases });
  return { one, circuit };
}

function refused(circuit: Circuit, times = 1): void {
  for (let call = 0; call < times; call++) {
    expect(circuit.tryAcquire()).toBeUndefined();
  }
}

const TOLD = { id: 'a', gen: 5, configGen: 0, rules: 1, wait: 1_000 };

describe('leases of an open circuit', () => {
  it('are not asked for before the wait is over', async () => {
    const { one, circuit } = await open();
    refused(circuit, 2);
    for (let flush = 0; flush < 4; flush++) {
      expect(await one.flush()).toBeUndefined();
    }
    expect(await one.flush()).toMatchObject({ gen: 4, want: 1 });
  });

  it('are not asked for without callers', async () => {
    const { one } = await open();
    const { length } = one.requests;
    one.clock.advance(200);
    expect(one.requests).toHaveLength(length);
  });

  it('are asked for once where there were callers during the wait, and it is not urgent', async () => {
    const { one, circuit } = await open();
    refused(circuit);
    one.clock.advance(60);
    const report = await one.ask(40);
    expect(report!.circuits[0]).toEqual({ ...TOLD, gen: 4, want: 1 });
    await one.answer();
    expect(await one.flush()).toBeUndefined();
  });

  it('are asked for again, urgently, for callers who came after the wait', async () => {
    const { one, circuit } = await open();
    refused(circuit);
    one.clock.advance(80);
    await one.flush();
    refused(circuit, 2);
    expect(await one.flush()).toMatchObject({ want: 2, urgent: true });
    expect(await one.flush()).toBeUndefined();
  });

  it('are at most as many as there may be probes at once', async () => {
    const { one, circuit } = await open();
    one.clock.advance(80);
    await one.flush();
    one.clock.advance(20);
    refused(circuit, 9);
    expect(await one.flush()).toMatchObject({ want: 3, urgent: true });
  });

  it('are not asked for because of callers of an opening before', async () => {
    const { one, circuit } = await open();
    refused(circuit, 3);
    announce(one, { state: 'open', gen: 6, left: 10, attempt: 2 });
    one.clock.advance(20);
    expect(await one.flush()).toBeUndefined();
    announce(one, { state: 'open', gen: 7, left: 0, attempt: 2 });
    refused(circuit);
    expect(await one.flush()).toMatchObject({ gen: 7, want: 1 });
  });

  it('are asked for anew in each opening', async () => {
    const { one, circuit } = await open();
    refused(circuit);
    one.clock.advance(80);
    expect(await one.flush()).toMatchObject({ want: 1 });
    announce(one, { state: 'open', gen: 6, left: 30, attempt: 2 });
    refused(circuit);
    one.clock.advance(20);
    expect(await one.flush()).toMatchObject({ gen: 6, want: 1 });
  });
});

describe('leases of a half-open circuit', () => {
  it('let as many callers through, and no more', async () => {
    const { circuit } = await halfOpen([7, 8]);
    expect(circuit.state).toBe('half-open');
    expect([1, 2, 3].map(() => circuit.tryAcquire()?.isProbe)).toEqual([
      true,
      true,
      undefined,
    ]);
  });

  it('are told as started, and then by their results', async () => {
    const { one, circuit } = await halfOpen([7, 8, 9]);
    const permits = [1, 2, 3].map(() => circuit.tryAcquire()!);
    expect(await one.flush({ leases: [7, 8, 9] })).toEqual({
      ...TOLD,
      started: [7, 8, 9],
      want: 1,
    });
    permits[0]!.success();
    permits[1]!.failure(new Error('down'));
    permits[2]!.release();
    expect(await one.flush()).toEqual({
      ...TOLD,
      succeeded: [7],
      failed: [8],
      returned: [9],
    });
    expect(await one.flush()).toBeUndefined();
  });

  it('are asked for by callers who found none', async () => {
    const { one, circuit } = await halfOpen([]);
    refused(circuit, 2);
    expect(await one.flush()).toEqual({ ...TOLD, want: 2, urgent: true });
    expect(await one.flush()).toBeUndefined();
  });

  it('are not asked for while some are idle', async () => {
    const { one, circuit } = await halfOpen([]);
    refused(circuit);
    one.listener!.resumed();
    const request = await one.ask();
    expect(request!.circuits[0]).toMatchObject({ want: 1 });
    refused(circuit);
    await one.answer({ leases: [7] });
    expect(await one.flush()).toBeUndefined();
  });

  it('are asked for where one has just been used: another caller will come soon', async () => {
    const { one, circuit } = await halfOpen([7]);
    circuit.tryAcquire();
    expect(await one.flush()).toEqual({ ...TOLD, started: [7], want: 1 });
  });

  it('are told and not asked for where one is left', async () => {
    const { one, circuit } = await halfOpen([7, 8]);
    circuit.tryAcquire();
    expect(await one.flush()).toEqual({ ...TOLD, started: [7] });
  });

  it('are kept in the second half of their time', async () => {
    const { one } = await halfOpen([7]);
    expect(await one.ask(2_500)).toBeUndefined();
    expect((await one.ask(20))!.circuits[0]).toEqual({ ...TOLD, keep: true });
  });

  it('can be taken up for five seconds from when they were asked for', async () => {
    const { one, circuit } = await open();
    announce(one, { state: 'half-open', gen: 5 });
    one.listener!.resumed();
    await one.ask();
    one.clock.advance(300);
    await one.answer({ leases: [7, 8] });
    one.clock.advance(4_699);
    expect(circuit.tryAcquire()).toBeDefined();
    one.clock.advance(1);
    expect(circuit.tryAcquire()).toBeUndefined();
  });

  it('go to others who need one, if nobody needs them here', async () => {
    const { one } = await halfOpen([7, 8]);
    const told = { id: 'a', rev: 2, epoch: 'e', what: 'wanted' } as const;
    one.listener!.announced({ ...told, gen: 4 });
    expect(await one.flush()).toBeUndefined();
    one.listener!.announced({ ...told, rev: 3, gen: 5 });
    expect(await one.flush()).toEqual({ ...TOLD, returned: [7, 8] });
  });

  it('stay here where a caller was refused', async () => {
    const { one, circuit } = await halfOpen([]);
    refused(circuit);
    await one.ask();
    refused(circuit);
    await one.answer({ leases: [7] });
    one.listener!.announced({
      id: 'a',
      rev: 2,
      epoch: 'e',
      what: 'wanted',
      gen: 5,
    });
    expect(await one.flush()).toBeUndefined();
    expect(circuit.tryAcquire()?.isProbe).toBe(true);
  });

  it('are not taken up while an order is on its way', async () => {
    const { circuit } = await halfOpen([7]);
    circuit.forceOpen();
    circuit.releaseOverride();
    expect(circuit.state).toBe('half-open');
    refused(circuit);
  });

  it('are nothing while the fleet is open', async () => {
    const { one, circuit } = await open();
    one.listener!.resumed();
    await one.flush({ leases: [7] });
    one.clock.advance(100);
    refused(circuit);
  });

  it('go back with a goodbye', async () => {
    const { one } = await halfOpen([7, 8]);
    one.answersAtOnce = true;
    await one.fleet.stop();
    expect(one.requests.at(-1)).toMatchObject({
      leaving: true,
      circuits: [{ returned: [7, 8] }],
    });
  });

  it('are nothing in the next generation', async () => {
    const { one, circuit } = await halfOpen([7, 8]);
    announce(one, { state: 'half-open', gen: 6 });
    refused(circuit);
    expect(await one.flush()).toEqual({
      ...TOLD,
      gen: 6,
      want: 1,
      urgent: true,
    });
  });

  it('that an answer of another generation names are nothing', async () => {
    const { one, circuit } = await open();
    announce(one, { state: 'half-open', gen: 5 });
    one.listener!.resumed();
    await one.ask();
    announce(one, { state: 'half-open', gen: 6 });
    await one.answer({ leases: [7] });
    refused(circuit);
  });

  it('come with the answer that says that the circuit is half-open', async () => {
    const { one, circuit } = await open();
    refused(circuit);
    one.clock.advance(80);
    await one.flush({
      state: stored({ state: 'half-open', gen: 5 }),
      leases: [7],
    });
    expect(circuit.tryAcquire()?.isProbe).toBe(true);
    refused(circuit);
  });
});

describe('leases whose report was given up', () => {
  it('are told again, in the same generation', async () => {
    const { one, circuit } = await halfOpen([7, 8]);
    const permit = circuit.tryAcquire()!;
    await one.flush({ leases: [7, 8] });
    permit.success();
    const next = await one.giveUp();
    expect(next!.circuits[0]).not.toHaveProperty('succeeded');
    // In reach again, and half-open as before.
    await one.answer({ leases: [8] });
    expect(await one.flush()).toMatchObject({
      succeeded: [7],
      returned: [8],
    });
  });

  it('are not told to another generation', async () => {
    const { one, circuit } = await halfOpen([7]);
    const permit = circuit.tryAcquire()!;
    await one.flush();
    permit.success();
    await one.ask();
    await one.fail();
    await one.ask(5_001);
    announce(one, { state: 'half-open', gen: 6 });
    await one.fail();
    await one.ask();
    await one.answer({ leases: [] });
    expect(await one.flush()).toBeUndefined();
  });
});

describe('probes that began before the store was lost', () => {
  it('are told as failed once their deadline is over', async () => {
    const { one, circuit } = await halfOpen([7, 8]);
    circuit.tryAcquire();
    await one.flush();
    one.listener!.resumed();
    await one.ask();
    await one.fail();
    const lostAt = one.clock.now();
    await one.ask();
    await one.answer({ leases: [7] });
    const failed: number[] = [];
    while (failed.length === 0 && one.clock.now() < lostAt + 1_000) {
      failed.push(...((await one.flush())?.failed ?? []));
    }
    expect(failed).toEqual([7]);
    expect(one.clock.now() - lostAt).toBeGreaterThanOrEqual(200);
    expect(one.clock.now() - lostAt).toBeLessThan(300);
  });

  it('leave callers who were refused before to the circuit alone', async () => {
    const { one, circuit } = await halfOpen([]);
    refused(circuit, 2);
    one.listener!.resumed();
    await one.ask();
    refused(circuit, 2);
    await one.fail();
    await one.ask();
    await one.answer({ leases: [] });
    const report = await one.flush();
    expect(report).not.toHaveProperty('want');
  });
});

describe('an order of which a store has heard that has lost what is known here', () => {
  it('makes no caller ask for leases where the fleet is not half-open', async () => {
    const { one, circuit } = await open();
    announce(one, { state: 'forced-open', gen: 9 });
    circuit.releaseOverride();
    await one.flush({ state: stored({ gen: 2 }) });
    expect(circuit.state).toBe('half-open');
    refused(circuit);
    const report = await one.flush();
    expect(report).toMatchObject({ gen: 9, view: { state: 'forced-open' } });
    expect(report).not.toHaveProperty('want');
  });

  it('leaves no probes to tell of where the circuit is not half-open', async () => {
    const { one, circuit } = await halfOpen([7]);
    circuit.forceOpen();
    await one.flush({ state: stored({ gen: 2 }) });
    expect(circuit.state).toBe('forced-open');
    const report = await one.flush();
    expect(report).toMatchObject({ gen: 5, view: { state: 'half-open' } });
    expect(report).not.toHaveProperty('returned');
  });
});

describe('a verdict over probes', () => {
  it('is the fleet’s, where that is in reach', async () => {
    const { one, circuit } = await halfOpen([7, 8, 9], {
      halfOpen: { calls: 1 },
    });
    succeed(circuit, 1);
    expect(circuit.state).toBe('half-open');
    announce(one, { state: 'closed', gen: 6 });
    expect(circuit.state).toBe('closed');
  });

  it('is the circuit’s own, where that is not', async () => {
    const one = new ScriptedFleet();
    const circuit = one.add({ openDuration: 10, halfOpen: { calls: 1 } });
    one.fleet.start();
    fail(circuit, 5);
    one.clock.advance(15);
    succeed(circuit, 1);
    expect(circuit.state).toBe('closed');
  });
});
