import { describe, expect, it } from '@jest/globals';
import type { Body, CallContext } from '../../lib/circuit/call.js';
import {
  compileCallOptions,
  type CallOptions,
} from '../../lib/circuit/call-options.js';
import { Circuit } from '../../lib/circuit/circuit.js';
import { invoke } from '../../lib/circuit/invoke.js';
import { settled } from '../support/policy-host.js';
import { VirtualClock } from '../support/virtual-clock.js';

/** A call that hangs, and what its function was called with. */
async function hanging(isDeclared: boolean, signal?: AbortSignal) {
  const clock = new VirtualClock();
  const circuit = new Circuit('shop', {}, { clock });
  let context!: CallContext;
  const body: Body = given => {
    context = given;
    return new Promise(() => {});
  };
  const plan = compileCallOptions({ timeout: 100 });
  const call = { answers: { last: undefined }, signal };
  const kind = isDeclared ? 'promise' : undefined;
  const answer = invoke(circuit, plan, body, call, kind) as Promise<unknown>;
  const outcome = answer.catch((error: unknown) => error);
  await settled();
  return { clock, context, outcome };
}

function numberOf({ attempt }: CallContext): number {
  return attempt;
}

describe('the number of an attempt', () => {
  it.each<[string, CallOptions]>([
    ['with nothing around the circuit', {}],
    ['with a timeout', { timeout: 100 }],
    ['with a retry', { retry: { attempts: 2 } }],
    ['with a cache', { cache: { staleFor: 1, key: () => 'key' } }],
  ])('is 1 for the first, %s', async (_what, options) => {
    const circuit = new Circuit('shop');
    expect(await circuit.execute(numberOf, options)).toBe(1);
  });

  it('counts on', async () => {
    const circuit = new Circuit('shop');
    const attempts: number[] = [];
    const answer = circuit.execute(
      ({ attempt }) => {
        attempts.push(attempt);
        throw new Error('down');
      },
      { retry: { attempts: 3, backoff: { initial: 0 } } },
    );
    await expect(answer).rejects.toThrow('down');
    expect(attempts).toEqual([1, 2, 3]);
  });
});

describe('a function that hears of its abort', () => {
  it('finds its call settled', async () => {
    const clock = new VirtualClock();
    const circuit = new Circuit('shop', {}, { clock });
    const seen: unknown[] = [];
    const answer = circuit.execute(
      ({ signal }) =>
        new Promise(() => {
          signal.addEventListener('abort', () => {
            seen.push(circuit.inFlight, circuit.totals.failures);
          });
        }),
      { timeout: 100 },
    );
    const outcome = answer.catch(() => {});
    await settled();
    clock.advance(100);
    await outcome;
    expect(seen).toEqual([0, 1]);
  });
});

describe.each([
  ['that is declared to answer with promises', true],
  ['of no declared kind', false],
])('the signal of a function %s', (_what, isDeclared) => {
  it('is one and the same, whenever it is asked for', async () => {
    const { context } = await hanging(isDeclared);
    expect(context.signal).toBe(context.signal);
  });

  it('is aborted at the timeout', async () => {
    const { clock, context, outcome } = await hanging(isDeclared);
    const { signal } = context;
    expect(signal.aborted).toBe(false);
    clock.advance(100);
    expect(signal.reason).toBe(await outcome);
  });

  it('is aborted also if it is asked for afterwards', async () => {
    const { clock, context, outcome } = await hanging(isDeclared);
    clock.advance(100);
    const error = await outcome;
    expect(context.signal.aborted).toBe(true);
    expect(context.signal.reason).toBe(error);
  });

  it("is aborted by its caller, also if it is asked for afterwards, and the caller's reason stays", async () => {
    const caller = new AbortController();
    const { clock, context, outcome } = await hanging(
      isDeclared,
      caller.signal,
    );
    caller.abort('gone');
    clock.advance(100);
    expect(await outcome).toBe('gone');
    expect(context.signal.aborted).toBe(true);
    expect(context.signal.reason).toBe('gone');
  });
});
