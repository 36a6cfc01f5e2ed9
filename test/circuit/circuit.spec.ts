import { describe, expect, it } from '@jest/globals';
import { lastValueFrom, of, map, type Observable } from 'rxjs';
import {
  compileCallOptions,
  type CallOptions,
} from '../../lib/circuit/call-options.js';
import { Circuit } from '../../lib/circuit/circuit.js';
import { invoke } from '../../lib/circuit/invoke.js';
import { InvalidOptionsError } from '../../lib/errors/invalid-options.error.js';
import type { CircuitOptions } from '../../lib/state/circuit-options.js';
import type { Coordinator } from '../../lib/state/coordinator.js';
import type { CircuitEvent } from '../../lib/state/events.js';
import { VirtualClock } from '../support/virtual-clock.js';

function setUp(options: CircuitOptions = {}, coordinator?: Coordinator) {
  const logged: string[] = [];
  const log = (message: string) => void logged.push(message);
  const clock = new VirtualClock();
  const circuit = new Circuit('shop', options, {
    clock,
    logger: { warn: log, error: log },
    coordinator,
  });
  const events: CircuitEvent[] = [];
  circuit.on(['override', 'transition'], event => void events.push(event));
  return { circuit, clock, logged, events };
}

function retry(attempts: number, burst: number): CallOptions {
  const budget = { ratio: 0, burst };
  return { retry: { attempts, backoff: { initial: 0 }, budget } };
}

function fail(): never {
  throw new Error('broken');
}

describe('orders to a circuit', () => {
  it('give their own reason, or one of ours', () => {
    const { circuit, events } = setUp();
    circuit.forceOpen();
    circuit.forceClosed();
    circuit.releaseOverride();
    circuit.forceOpen('a test');
    circuit.reset();
    const orders = events.filter(({ type }) => type === 'override');
    expect(orders).toMatchObject([
      { action: 'force-open', reason: 'forced open' },
      { action: 'force-closed', reason: 'forced closed' },
      { action: 'release', reason: 'the override was released' },
      { action: 'force-open', reason: 'a test' },
      { action: 'reset', reason: 'it was reset' },
    ]);
  });

  it('are told to the shared view with the state that they led to', () => {
    const told: unknown[] = [];
    const { circuit } = setUp({}, {
      mayProbe: () => true,
      transitioned: () => {},
      ordered: (order: unknown) => void told.push(order),
      configured: (patch: unknown) => void told.push(patch),
    } as unknown as Coordinator);
    circuit.releaseOverride();
    circuit.forceOpen('a');
    circuit.releaseOverride('b');
    circuit.forceClosed('c');
    circuit.reset('d');
    circuit.configure({ minimumCalls: 7 });
    expect(told).toEqual([
      { action: 'force-open', reason: 'a', state: 'forced-open' },
      { action: 'release', reason: 'b', state: 'half-open' },
      { action: 'force-closed', reason: 'c', state: 'forced-closed' },
      { action: 'reset', reason: 'd', state: 'closed' },
      { minimumCalls: 7 },
    ]);
  });
});

describe('what a circuit logs', () => {
  it('names the circuit, what threw and the error, once for each kind', () => {
    const { circuit, logged } = setUp({ classifyError: fail });
    const options = { isFailureResult: fail };
    for (let call = 0; call < 3; call++) {
      circuit.executeSync(() => 1, options);
      expect(() => circuit.executeSync(fail)).toThrow('broken');
    }
    expect(logged).toEqual([
      'Circuit "shop": isFailureResult threw and was passed over: Error: broken',
      'Circuit "shop": classifyError threw and was passed over: Error: broken',
    ]);
  });

  it('is what a subscriber throws, behind operators too', () => {
    for (const subscribe of [
      ({ events$ }: Circuit) => events$.subscribe(fail),
      ({ events$ }: Circuit) => events$.pipe(map(fail)).subscribe(),
      ({ events$ }: Circuit) => events$.pipe(map(fail)).subscribe({}),
      ({ state$ }: Circuit) => state$.subscribe({ next: fail }),
      ({ state$ }: Circuit) => state$.pipe(map(fail)).subscribe(),
    ]) {
      const { circuit, logged } = setUp();
      subscribe(circuit);
      circuit.tryAcquire()?.success();
      expect(logged).toEqual([
        'Circuit "shop": a subscriber threw and was passed over: Error: broken',
      ]);
    }
  });

  it('is what the condition of a fallback throws, with where it was thrown', () => {
    const stacks: (string | undefined)[] = [];
    const circuit = new Circuit(
      'shop',
      {},
      {
        logger: {
          warn: () => {},
          error: (message, stack) => void stacks.push(message, stack),
        },
      },
    );
    const fallback = { on: () => fail(), use: () => 1 };
    expect(() => circuit.executeSync(fail, { fallback })).toThrow('broken');
    expect(stacks).toEqual([
      'Circuit "shop": a fallback\'s "on" threw and was passed over: Error: broken',
      expect.stringContaining('circuit.spec'),
    ]);
  });

  it('is a call that holds its place for too long', () => {
    const { circuit, clock, logged } = setUp({
      bulkhead: { maxConcurrent: 1, maxQueue: 0, maxHold: 100 },
    });
    void circuit.execute(() => new Promise(() => {}));
    clock.advance(100);
    circuit.executeSync(() => 1);
    expect(logged).toEqual([
      expect.stringMatching(/^A call of "shop" has held its place.*100 ms/),
    ]);
  });

  it('is a warning of its options, and one beside the timeout of a method', () => {
    const { circuit, logged } = setUp({
      window: { type: 'count', size: 5 },
      minimumCalls: 9,
      slowCallDuration: 500,
    });
    expect(logged).toEqual([expect.stringMatching(/minimumCalls/)]);
    for (const timeout of [100, 200, undefined]) {
      circuit.wrap(fail, timeout === undefined ? {} : { timeout });
    }
    expect(logged.slice(1)).toEqual([
      expect.stringMatching(
        /^Circuit "shop": A call of "shop": slowCallDuration: .*100/,
      ),
    ]);
  });
});

describe('subscribers of a circuit', () => {
  it('are told errors of an operator in their own way, and keep their this', () => {
    const { circuit, logged } = setUp();
    const heard: unknown[] = [];
    class Observer {
      readonly heard = heard;
      next(value: unknown) {
        this.heard.push(value);
      }
      error(error: Error) {
        this.heard.push(error.message);
      }
    }
    circuit.state$.subscribe(new Observer());
    circuit.state$.pipe(map(fail)).subscribe(new Observer());
    circuit.state$
      .pipe(map(fail))
      .subscribe(null, (error: Error) => heard.push(`own ${error.message}`));
    expect(heard).toEqual(['closed', 'broken', 'own broken']);
    expect(logged).toEqual([]);
  });

  it('may throw at an error or at the end, too', async () => {
    const { circuit, logged } = setUp();
    circuit.state$.pipe(map(fail)).subscribe({ error: fail });
    expect(logged).toHaveLength(1);
  });

  it('are told the end of a stream that has one', () => {
    const { circuit, logged } = setUp();
    const heard: string[] = [];
    const first = circuit.state$.pipe(
      source =>
        source.lift<string>({
          call: (subscriber, each: Observable<string>) =>
            each.subscribe({
              next: value => {
                subscriber.next(value);
                subscriber.complete();
              },
            }),
        }) as Observable<string>,
    );
    first.subscribe(
      value => heard.push(value),
      null,
      () => heard.push('the end'),
    );
    first.subscribe({ complete: () => heard.push('the other end') });
    first.subscribe({});
    first.subscribe();
    expect(heard).toEqual(['closed', 'the end', 'the other end']);
    expect(logged).toEqual([]);
  });

  it('leave no listener behind when they leave, behind operators too', () => {
    const { circuit } = setUp();
    // Those of this test's own.
    circuit.dispose();
    for (const subscribe of [
      () => circuit.events$.subscribe(),
      () => circuit.state$.subscribe(),
      () => circuit.state$.pipe(map(state => state)).subscribe(),
    ]) {
      const subscription = subscribe();
      expect(circuit.machine.emitter.hears('transition')).toBe(true);
      subscription.unsubscribe();
      expect(circuit.machine.emitter.hears('transition')).toBe(false);
    }
  });
});

describe('the option key without a registry', () => {
  const options = { key: (id: string) => id };

  it('is refused with the reason, in the kind of the call', async () => {
    const { circuit } = setUp();
    const reason = /shop.*\n.*key: needs a registry/;
    const plan = compileCallOptions(options);
    const call = { args: ['a'] };
    await expect(circuit.execute(fail, options)).rejects.toThrow(reason);
    expect(() => circuit.executeSync(fail, options)).toThrow(
      InvalidOptionsError,
    );
    expect(() => circuit.wrap(fail, options)()).toThrow(reason);
    await expect(invoke(circuit, plan, fail, call, 'promise')).rejects.toThrow(
      reason,
    );
    await expect(
      lastValueFrom(
        invoke(circuit, plan, fail, call, 'observable') as Observable<unknown>,
      ),
    ).rejects.toThrow(reason);
  });

  it('goes by the arguments of the call', async () => {
    const asked: string[] = [];
    const circuit: Circuit = new Circuit(
      'shop',
      {},
      {
        keyed: key => {
          asked.push(key);
          return keyed;
        },
      },
    );
    const keyed = new Circuit('shop', {}, { key: 'a' });
    expect(keyed.key).toBe('a');
    expect(circuit.key).toBeNull();
    const all = { ...options, args: ['a'] };
    expect(await circuit.execute(() => 1, all)).toBe(1);
    expect(circuit.wrap((id: string) => id, options)('b')).toBe('b');
    const any = { key: (...args: string[]) => `${args.length} arguments` };
    expect(circuit.executeSync(() => 1, any)).toBe(1);
    expect(asked).toEqual(['a', 'b', '0 arguments']);
    expect(keyed.snapshot().totals.calls).toBe(3);
    expect(circuit.snapshot().totals.calls).toBe(0);
  });

  it('asks for the key of an Observable at each subscription', async () => {
    const keys = ['a', 'b'];
    const circuits = keys.map(key => new Circuit('shop', {}, { key }));
    const circuit: Circuit = new Circuit(
      'shop',
      {},
      { keyed: key => circuits[keys.indexOf(key)]! },
    );
    let key = 'a';
    const protectedOne = circuit.protect(of(1), { key: () => key });

    expect(await lastValueFrom(protectedOne)).toBe(1);
    key = 'b';
    expect(await lastValueFrom(protectedOne)).toBe(1);

    expect(circuits.map(each => each.snapshot().totals.calls)).toEqual([1, 1]);
    expect(circuit.snapshot().totals.calls).toBe(0);
  });
});

describe('a wrapped function that is refused', () => {
  it.each<[string, () => unknown]>([
    ['async by itself', async () => 1],
    ['declared as a promise', () => 1],
  ])('answers by a promise: %s', async (_, body) => {
    const { circuit } = setUp();
    circuit.forceOpen();
    const options = _.startsWith('declared')
      ? { returns: 'promise' as const }
      : {};
    const answer = circuit.wrap(body, options)();
    await expect(answer).rejects.toMatchObject({ code: 'CIRCUIT_OPEN' });
  });
});

describe('a refusal', () => {
  it.each([
    ['has no stack, which costs more than all else', false],
    ['has a stack where that is wanted', true],
  ])('%s', (_what, captureStack) => {
    const { circuit } = setUp({ captureStack });
    circuit.forceOpen();
    let stack: string | undefined;
    try {
      circuit.executeSync(() => 1);
    } catch (error) {
      stack = (error as Error).stack;
    }
    expect(/circuit\.spec/.test(stack ?? '')).toBe(captureStack);
  });
});

describe('bad options', () => {
  it('name the circuit, or the call', async () => {
    expect(() => new Circuit('shop', { minimumCalls: 0 })).toThrow(
      /Circuit "shop"/,
    );
    const { circuit } = setUp();
    await expect(circuit.execute(fail, { timeout: -1 })).rejects.toThrow(
      /A call of "shop"/,
    );
    expect(() => compileCallOptions({ timeout: -1 })).toThrow(/^Call options/);
  });

  it('of a cache at a handler without a key say so, though a method has a name', async () => {
    const { circuit } = setUp();
    const plan = compileCallOptions({ cache: { staleFor: 100 } }, 'Shop.read', {
      method: 'Shop.read',
    });
    const call = (atHandler: boolean) =>
      circuit.pipeline.execute(plan, () => 1, { args: [], atHandler });
    await expect(call(true)).rejects.toThrow(/cache.key: is missing/);
    await expect(call(false)).resolves.toBe(1);
  });

  it('of a cache without a key say what is missing', async () => {
    const { circuit } = setUp();
    const answer = circuit.execute(() => 1, { cache: { staleFor: 100 } });
    await expect(answer).rejects.toThrow(
      /A cached call of "shop".*\n.*cache.key: is missing.*give key/,
    );
  });
});

describe('what a circuit is asked for', () => {
  it('is its own clock', () => {
    const { circuit, clock } = setUp();
    expect(circuit.clock).toBe(clock);
  });

  it('is read from the options of a call once', () => {
    const { circuit } = setUp();
    let looks = 0;
    const options = {
      get timeout() {
        looks++;
        return 100;
      },
    };
    for (let call = 0; call < 3; call++) void circuit.execute(() => 1, options);
    expect(looks).toBe(1);
  });
});

describe('rules for errors', () => {
  it('are those of the last configuration', () => {
    const { circuit } = setUp();
    circuit.configure({ ignoreErrors: [Error] });
    expect(() => circuit.executeSync(fail)).toThrow('broken');
    expect(circuit.totals).toMatchObject({ ignored: 1, failures: 0 });
  });
});

describe('figures without a snapshot', () => {
  it('are the totals and the calls in flight', () => {
    const { circuit } = setUp();
    const permit = circuit.tryAcquire();
    expect(circuit.inFlight).toBe(1);
    permit?.success();
    expect(circuit.inFlight).toBe(0);
    expect(circuit.totals).toMatchObject({ calls: 1, successes: 1 });
  });
});

describe('equal settings of two plans', () => {
  it('share a budget, and different ones do not', async () => {
    const circuit = new Circuit('shop', { consecutiveFailures: false });
    const runs = async (options: CallOptions) => {
      let count = 0;
      const call = async () => {
        count++;
        fail();
      };
      await circuit.execute(call, options).catch(() => {});
      return count;
    };
    expect(await runs(retry(9, 1))).toBe(2);
    expect(await runs(retry(8, 1))).toBe(1);
    expect(await runs(retry(9, 2))).toBe(3);
  });

  it('are those of one plan, however many others come in between', async () => {
    const circuit = new Circuit('shop', { consecutiveFailures: false });
    let count = 0;
    const call = circuit.wrap(
      async () => {
        count++;
        fail();
      },
      { ...retry(2, 1), timeout: 1_000 },
    );
    await call().catch(() => {});
    expect(count).toBe(2);
    for (let timeout = 1; timeout <= 100; timeout++) {
      await circuit.execute(() => 1, { timeout: 2_000 + timeout });
    }
    await call().catch(() => {});
    expect(count).toBe(3);
  });

  it('have no budget where none is wanted', async () => {
    const circuit = new Circuit('shop', { consecutiveFailures: false });
    let count = 0;
    const call = async () => {
      count++;
      fail();
    };
    const options: CallOptions = {
      retry: { attempts: 20, backoff: { initial: 0 }, budget: false },
    };
    await circuit.execute(call, options).catch(() => {});
    expect(count).toBe(20);
  });

  it.each(['timeout', 'deadline'])(
    'never share a %s of another length',
    async limit => {
      const clock = new VirtualClock();
      const circuit = new Circuit('shop', {}, { clock });
      const ended: number[] = [];
      for (const milliseconds of [30, 10, 20]) {
        void circuit
          .execute(() => new Promise(() => {}), { [limit]: milliseconds })
          .catch(() => ended.push(clock.now()));
      }
      for (let each = 0; each < 40; each++) {
        clock.advance(1);
        await new Promise(resolve => setImmediate(resolve));
      }
      expect(ended).toEqual([10, 20, 30]);
    },
  );
});
