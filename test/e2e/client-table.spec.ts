import {
  afterAll,
  beforeAll,
  beforeEach,
  describe,
  expect,
  it,
} from '@jest/globals';
import { Circuit, CircuitOpenException } from '../../lib/index.js';
import type {
  Cancelling,
  Client,
  ClientSession,
} from '../support/clients/client.js';
import { HTTP_CLIENTS } from '../support/clients/http.js';
import { RPC_CLIENTS } from '../support/clients/rpc.js';
import { TYPEORM_CLIENT } from '../support/clients/typeorm.js';
import { hasServer } from '../support/servers.js';
import { VirtualClock } from '../support/virtual-clock.js';

/** The rows. */
const CLIENTS: readonly Client[] = [
  ...HTTP_CLIENTS,
  ...RPC_CLIENTS,
  TYPEORM_CLIENT,
];

const FALLING_BACK = { fallback: () => 'fallback' };

/** Long enough for what was called off to be noticed on the other side. */
const WHILE_MS = 100;

describe.each(CLIENTS)('$name', client => {
  const isThere = client.needs === undefined || hasServer(client.needs);
  let session: ClientSession;
  let clock: VirtualClock;
  let circuit: Circuit;

  /** A cell of the table; without its server it is skipped, never passed. */
  function cell(behaviour: string, run: () => Promise<void>): void {
    if (isThere) it(behaviour, run);
    else it.skip(`${behaviour}: NOT TESTED, no ${client.needs}`, run);
  }

  /** One that says why, where a client cannot: then the other side has to work on. */
  function cancelling(
    behaviour: Cancelling,
    run: (isCalledOff: () => Promise<void>) => Promise<void>,
  ): void {
    const reason = client.cannot?.[behaviour];
    if (reason === undefined) {
      cell(behaviour, () => run(() => until(atWork(0))));
    } else {
      cell(`${behaviour}: CANNOT, ${reason}`, () =>
        run(async () => {
          await new Promise(resolve => setTimeout(resolve, WHILE_MS));
          expect(await session.atWork()).toBe(1);
          await session.turn('up');
          await until(atWork(0));
        }),
      );
    }
  }

  const atWork = (count: number) => async () =>
    (await session.atWork()) === count;
  const call = () => session.call(circuit);

  beforeAll(async () => {
    if (isThere) session = await client.start();
  });
  beforeEach(async () => {
    if (isThere) await session.turn('up');
    clock = new VirtualClock();
    circuit = new Circuit(
      'asking',
      {
        consecutiveFailures: 2,
        openDuration: 10_000,
        openJitter: 0,
        halfOpen: { calls: 1 },
      },
      { clock },
    );
  });
  afterAll(async () => {
    await session?.close();
  });

  async function open(): Promise<void> {
    await session.turn('down');
    await settled(call());
    await settled(call());
    expect(circuit.state).toBe('open');
  }

  cell('passes', async () => {
    const before = session.arrived();
    expect(await call()).toBe(client.answer);
    await until(() => session.arrived() === before + 1);
  });

  cell('counts', async () => {
    await call();
    await session.turn('down');
    await settled(call());

    expect(circuit.snapshot()).toMatchObject({
      inFlight: 0,
      totals: { calls: 2, successes: 1, failures: 1 },
    });
  });

  cell('opens, and sends nothing then', async () => {
    await open();
    await session.turn('up');
    const before = session.arrived();
    expect(await settled(call())).toMatchObject({ status: 'rejected' });

    // One that is sent after it arrives alone.
    expect(await session.call(new Circuit('other'))).toBe(client.answer);
    await until(() => session.arrived() > before);
    expect(session.arrived()).toBe(before + 1);
  });

  cell('rejects with CircuitOpenException', async () => {
    await open();
    clock.advance(1_000);
    const refused = call();

    await expect(refused).rejects.toBeInstanceOf(CircuitOpenException);
    await expect(refused).rejects.toMatchObject({
      code: 'CIRCUIT_OPEN',
      circuit: 'asking',
      retryAfter: 9_000,
    });
  });

  cell('falls back', async () => {
    const callOrFallBack = () => session.call(circuit, FALLING_BACK);
    expect(await callOrFallBack()).toBe(client.answer);
    await session.turn('down');
    const { answerWhenDown = 'fallback' } = client;
    expect(await callOrFallBack()).toBe(answerWhenDown);
    expect(await callOrFallBack()).toBe(answerWhenDown);

    expect(circuit.state).toBe('open');
    expect(await callOrFallBack()).toBe('fallback');
  });

  cancelling('cancels at a timeout', async isCalledOff => {
    await session.turn('hang');
    const answer = settled(session.call(circuit, { timeout: 5_000 }));
    await until(atWork(1));
    clock.advance(5_000);

    expect(await answer).toMatchObject(
      client.isSendOnly
        ? { status: 'fulfilled' }
        : { reason: { code: 'CALL_TIMEOUT' } },
    );
    expect(circuit.snapshot().inFlight).toBe(0);
    await isCalledOff();
  });

  cancelling('cancels for its caller', async isCalledOff => {
    await session.turn('hang');
    const caller = new AbortController();
    const answer = settled(session.call(circuit, {}, caller.signal));
    await until(atWork(1));
    caller.abort();

    expect(await answer).toMatchObject(
      client.isSendOnly
        ? { status: 'fulfilled' }
        : { reason: { name: 'AbortError' } },
    );
    expect(circuit.snapshot()).toMatchObject({
      inFlight: 0,
      totals: { failures: 0 },
    });
    await isCalledOff();
  });

  cell('closes again', async () => {
    await open();
    await session.turn('up');
    clock.advance(10_000);

    expect(await call()).toBe(client.answer);
    expect(circuit.state).toBe('closed');
  });
});

async function settled(answer: Promise<unknown>) {
  const [outcome] = await Promise.allSettled([answer]);
  return outcome;
}

async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  for (let turns = 0; !(await holds()); turns++) {
    if (turns === 500) throw new Error('it did not come to that');
    await new Promise(resolve => setTimeout(resolve, 4));
  }
}
