import { fork, type ChildProcess } from 'node:child_process';
import { getEventListeners, once } from 'node:events';
import { get } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Circuit } from '../../lib/circuit/circuit.js';
import { isRejection } from '../../lib/errors/rejection.js';

const CALLS = 10_000;
const PLACES = 50;
const QUEUE = 100;

let child: ChildProcess;
let port: number;

/** Tells the dependency how to behave, and what it has seen. */
async function tell(message: { mode?: 'ok' | 'flaky' | 'hangs' } = {}) {
  child.send(message);
  const [seen] = (await once(child, 'message')) as [
    { running: number; most: number; arrived: number },
  ];
  return seen;
}

beforeAll(async () => {
  child = fork('test/support/storm-server.mjs', { execArgv: [] });
  const [first] = (await once(child, 'message')) as [{ port: number }];
  port = first.port;
});

afterAll(async () => {
  const gone = once(child, 'exit');
  child.disconnect();
  await gone;
});

/** One request on a connection of its own; it has ended when its connection is closed. */
function request(signal: AbortSignal): Promise<number> {
  return new Promise((resolve, reject) => {
    let answer: (() => void) | undefined;
    const call = get({ port, host: '127.0.0.1', agent: false }, response => {
      const status = response.statusCode ?? 0;
      response.resume();
      answer = () =>
        status < 500
          ? resolve(status)
          : reject(Object.assign(new Error('down'), { status }));
    });
    const abort = () => call.destroy();
    signal.addEventListener('abort', abort, { once: true });
    call.on('error', () => {});
    call.on('close', () => {
      signal.removeEventListener('abort', abort);
      if (answer === undefined) reject(signal.reason ?? new Error('reset'));
      else answer();
    });
  });
}

/** Ends of calls, by what they were: a status or an error's code. */
type Ends = Record<string, number>;

function sum(ends: Ends): number {
  return Object.values(ends).reduce((all, each) => all + each, 0);
}

describe('a storm of ten thousand calls on a dependency that hangs and recovers', () => {
  const caller = new AbortController();
  const circuit = new Circuit('storm', {
    bulkhead: { maxConcurrent: PLACES, maxQueue: QUEUE, maxWait: '20s' },
    minimumCalls: 20,
    failureRateThreshold: 0.5,
    consecutiveFailures: false,
    slowCallDuration: false,
    openDuration: 12_000,
    openJitter: 0,
    halfOpen: { calls: 5, concurrency: 5 },
  });
  // Ten thousand calls, of which a hundred and fifty are admitted and earn retries.
  const BUDGET = { ratio: 0.001, burst: 15, per: '60s' } as const;
  const options = {
    // Longer than ten thousand refusals keep a busy machine from its sockets.
    timeout: 5_000,
    retry: { attempts: 3, backoff: { initial: 20 }, budget: BUDGET },
    signal: caller.signal,
  };
  let made = 0;
  let extra = 0;

  async function storm(calls: number): Promise<Ends> {
    const ends: Ends = {};
    made += calls;
    const end = (what: string | number) => {
      ends[what] = (ends[what] ?? 0) + 1;
    };
    await Promise.all(
      Array.from({ length: calls }, () =>
        circuit
          .execute(({ signal, attempt }) => {
            if (attempt > 1) extra++;
            return request(signal);
          }, options)
          .then(end, (error: { message: string }) =>
            end(isRejection(error) ? error.code : error.message),
          ),
      ),
    );
    return ends;
  }

  it('answers every call, runs no more than it has places for, and closes again', async () => {
    await tell({ mode: 'flaky' });
    const flaky = await storm(CALLS);
    expect(sum(flaky)).toBe(CALLS);
    expect(flaky['BULKHEAD_FULL']).toBe(CALLS - PLACES - QUEUE);
    // A failure in five is answered by a second attempt, as far as the budget goes.
    expect(extra).toBeGreaterThan(0);
    expect(circuit.state).toBe('closed');

    await tell({ mode: 'hangs' });
    const hanging = await storm(CALLS);
    expect(sum(hanging)).toBe(CALLS);
    expect(hanging['CALL_TIMEOUT']).toBeGreaterThan(0);
    expect(hanging['CIRCUIT_OPEN']).toBeGreaterThan(0);
    expect(Object.keys(hanging).toSorted()).toEqual([
      'BULKHEAD_FULL',
      'CALL_TIMEOUT',
      'CIRCUIT_OPEN',
    ]);
    expect(circuit.state).toBe('open');
    const refused = await storm(CALLS);
    expect(refused).toEqual({ CIRCUIT_OPEN: CALLS });

    await tell({ mode: 'ok' });
    await sleep(12_100);
    for (let round = 0; circuit.state !== 'closed' && round < 50; round++) {
      expect(sum(await storm(20))).toBe(20);
      await sleep(20);
    }
    expect(circuit.state).toBe('closed');
    const recovered = await storm(CALLS);
    expect(recovered).toEqual({
      200: PLACES + QUEUE,
      BULKHEAD_FULL: CALLS - PLACES - QUEUE,
    });

    const seen = await tell();
    expect(seen.most).toBe(PLACES);
    expect(seen.running).toBe(0);
    const allowed = Math.round(made * BUDGET.ratio) + BUDGET.burst;
    expect(extra).toBeLessThanOrEqual(allowed);
    const { totals, inFlight } = circuit.snapshot();
    expect(totals.retries).toBeLessThanOrEqual(allowed);
    expect(totals.calls).toBe(
      totals.successes + totals.failures + totals.ignored,
    );
    expect(inFlight).toBe(0);
    expect(circuit.pipeline['gate']['bulkhead']).toMatchObject({
      running: 0,
      waiting: 0,
    });
    expect(getEventListeners(caller.signal, 'abort')).toEqual([]);
  }, 60_000);
});
