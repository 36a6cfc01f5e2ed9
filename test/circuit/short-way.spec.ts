import { describe, expect, it } from '@jest/globals';
import { Circuit } from '../../lib/circuit/circuit.js';
import type { CircuitOptions } from '../../lib/state/circuit-options.js';
import type { CircuitEvent } from '../../lib/state/events.js';
import { passTime } from '../support/pass-time.js';
import { VirtualClock } from '../support/virtual-clock.js';

const TIMEOUT = { timeout: 20 };
const TIMED_OUT = { code: 'CALL_TIMEOUT' };

function setUp(rules: CircuitOptions = {}) {
  const clock = new VirtualClock();
  const circuit = new Circuit('shop', rules, {
    clock,
    logger: { warn() {}, error() {} },
  });
  const events: CircuitEvent[] = [];
  circuit.events$.subscribe(event => void events.push(event));
  return { clock, circuit, events };
}

const hang = () => new Promise<never>(() => {});

describe('a call with nothing but a timeout around it', () => {
  it('tells that a timeout has ended it, and counts one failure', async () => {
    const { clock, circuit, events } = setUp();
    const answer = circuit.execute(hang, TIMEOUT).catch(error => error);
    await passTime(clock, 20);

    expect(await answer).toMatchObject(TIMED_OUT);
    expect(events).toMatchObject([
      { type: 'timeout', limit: 'timeout' },
      { type: 'failure', error: TIMED_OUT },
    ]);
    expect(circuit.snapshot()).toMatchObject({
      inFlight: 0,
      totals: { calls: 1, failures: 1, timeouts: 1 },
    });
    expect(clock.pending).toBe(0);
  });

  it('asks what an error means once, a timeout too', async () => {
    const asked: unknown[] = [];
    const { clock, circuit } = setUp({
      classifyError: error => {
        asked.push(error);
        return undefined;
      },
    });
    const down = new Error('down');
    await circuit.execute(() => Promise.reject(down), TIMEOUT).catch(() => {});
    const late = circuit.execute(hang, TIMEOUT).catch(() => {});
    await passTime(clock, 20);
    await late;

    expect(asked).toEqual([down, expect.objectContaining(TIMED_OUT)]);
  });

  it('is settled before its signal is aborted', async () => {
    const { clock, circuit } = setUp({ consecutiveFailures: 1 });
    let seen: string | undefined;
    const answer = circuit
      .execute(({ signal }) => {
        signal.addEventListener('abort', () => (seen = circuit.state));
        return hang();
      }, TIMEOUT)
      .catch(() => {});
    await passTime(clock, 20);
    await answer;

    expect(seen).toBe('open');
  });

  it('answers by its fallback, with the error of the timeout', async () => {
    const { clock, circuit } = setUp();
    const answer = circuit.execute(hang, {
      ...TIMEOUT,
      fallback: (error: unknown) => error,
    });
    await passTime(clock, 20);

    expect(await answer).toMatchObject(TIMED_OUT);
    expect(circuit.snapshot().totals).toMatchObject({ fallbacks: 1 });
  });

  it('answers by no fallback what counts as a success', async () => {
    const { clock, circuit } = setUp({ classifyError: () => 'success' });
    const answer = circuit
      .execute(hang, { ...TIMEOUT, fallback: () => 'fallback' })
      .catch((error: unknown) => error);
    await passTime(clock, 20);

    expect(await answer).toMatchObject(TIMED_OUT);
    expect(circuit.snapshot().totals).toMatchObject({ successes: 1 });
  });

  it('changes nothing by what comes after its timeout', async () => {
    const { clock, circuit } = setUp();
    let resolve!: (value: string) => void;
    const answer = circuit
      .execute(() => new Promise<string>(done => (resolve = done)), TIMEOUT)
      .catch((error: unknown) => error);
    await passTime(clock, 20);
    const before = circuit.snapshot();
    resolve('late');
    await passTime(clock, 1);

    expect(await answer).toMatchObject(TIMED_OUT);
    expect(circuit.snapshot()).toEqual(before);
  });

  it('records nothing in a disabled circuit, and is ended all the same', async () => {
    const { clock, circuit, events } = setUp({ mode: 'disabled' });
    const answer = circuit.execute(hang, TIMEOUT).catch(error => error);
    await passTime(clock, 20);

    expect(await answer).toMatchObject(TIMED_OUT);
    expect(events).toEqual([]);
    expect(circuit.snapshot().totals).toMatchObject({ calls: 0, timeouts: 0 });
  });
});
