import { describe, expect, it } from '@jest/globals';
import type { CallContext } from '../../lib/circuit/call.js';
import { compileCallOptions } from '../../lib/circuit/call-options.js';
import { Circuit } from '../../lib/circuit/circuit.js';
import type { CircuitOptions } from '../../lib/state/circuit-options.js';
import { passTime } from '../support/pass-time.js';
import { settled } from '../support/policy-host.js';
import { VirtualClock } from '../support/virtual-clock.js';

const RETRY = { attempts: 3, backoff: { initial: 10, jitter: 0 } } as const;
const ONE_PLACE: CircuitOptions = {
  bulkhead: { maxConcurrent: 1, maxQueue: 5 },
};

function setUp(rules: CircuitOptions = {}) {
  const clock = new VirtualClock();
  const circuit = new Circuit('shop', rules, { clock });
  return { clock, circuit, totals: () => circuit.snapshot().totals };
}

function hang(): Promise<never> {
  return new Promise(() => {});
}

async function fail(): Promise<never> {
  throw new Error('down');
}

function untilAborted({ signal }: CallContext): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(new Error('cut')));
  });
}

describe("the caller's abort", () => {
  it('in the queue ends the call with its reason, also where it could be tried again', async () => {
    const { circuit, totals } = setUp(ONE_PLACE);
    void circuit.execute(hang);
    const caller = new AbortController();
    const { signal } = caller;
    const answer = circuit.execute(hang, { retry: RETRY, signal });
    caller.abort('gone');
    await expect(answer).rejects.toBe('gone');
    expect(totals()).toMatchObject({ ignored: 0, retries: 0 });
  });

  it('is tried again by nobody, whatever errors the rules record', async () => {
    const { circuit, clock, totals } = setUp({ recordErrors: [() => true] });
    const caller = new AbortController();
    const { signal } = caller;
    const answer = circuit.execute(untilAborted, { retry: RETRY, signal });
    const outcome = answer.catch((error: unknown) => error);
    await settled();
    caller.abort('gone');
    await passTime(clock, 50);
    expect(await outcome).toBe('gone');
    expect(totals()).toMatchObject({ ignored: 1, failures: 0, retries: 0 });
  });

  it('in the queue, by the timeout of a call around it, is no timeout of this circuit', async () => {
    const { circuit, clock, totals } = setUp(ONE_PLACE);
    const outer = new Circuit('outer', {}, { clock });
    void circuit.execute(hang);
    const answer = outer.execute(
      ({ signal }) => circuit.execute(hang, { signal, deadline: 1_000 }),
      { timeout: 50 },
    );
    const outcome = answer.catch((error: unknown) => error);
    await passTime(clock, 50);
    expect(await outcome).toMatchObject({ code: 'CALL_TIMEOUT' });
    expect(outer.totals.timeouts).toBe(1);
    expect(totals()).toMatchObject({ timeouts: 0, ignored: 0 });
  });

  it('by a listener that is told of the timeout does not excuse it', async () => {
    const { circuit, clock, totals } = setUp();
    const caller = new AbortController();
    circuit.on(['timeout'], () => caller.abort('gone'));
    const answer = circuit.execute(hang, {
      timeout: 50,
      signal: caller.signal,
    });
    const outcome = answer.catch((error: unknown) => error);
    await passTime(clock, 50);
    expect(await outcome).toMatchObject({ code: 'CALL_TIMEOUT' });
    expect(totals()).toMatchObject({ timeouts: 1, failures: 1, ignored: 0 });
  });

  it('of a call that is refused gives its reason, and calls no fallback', async () => {
    const { circuit } = setUp(ONE_PLACE);
    const caller = new AbortController();
    circuit.forceOpen();
    circuit.on(['rejected'], () => caller.abort('gone'));
    let fallbacks = 0;
    const answer = circuit.execute(hang, {
      signal: caller.signal,
      fallback: () => ++fallbacks,
    });
    await expect(answer).rejects.toBe('gone');
    expect(fallbacks).toBe(0);
  });
});

describe('a fallback that answers by a promise', () => {
  it.each<[string, CircuitOptions]>([
    ['nothing', {}],
    ['a bulkhead', ONE_PLACE],
  ])(
    'counts when it has answered, and not if it fails, beside %s',
    async (_what, rules) => {
      const { circuit, totals } = setUp(rules);
      const failing = circuit.execute<unknown>(fail, { fallback: fail });
      await expect(failing).rejects.toThrow('down');
      expect(totals().fallbacks).toBe(0);
      const answer = circuit.execute<string>(fail, {
        fallback: async () => 'spare',
      });
      await expect(answer).resolves.toBe('spare');
      expect(totals().fallbacks).toBe(1);
    },
  );
});

describe('a fallback that declares no parameter', () => {
  it('costs no error object while nobody listens', async () => {
    const { circuit } = setUp();
    const plan = compileCallOptions({ fallback: () => 'spare' });
    let built = 0;
    const error = () => {
      built++;
      return new Error('down');
    };
    const { answering } = circuit.pipeline;
    expect(await answering.promise(plan, {}, error)).toBe('spare');
    expect(built).toBe(0);
    circuit.on(['fallback'], () => {});
    expect(await answering.promise(plan, {}, error)).toBe('spare');
    expect(built).toBe(1);
  });
});
