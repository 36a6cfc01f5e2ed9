import { getEventListeners } from 'node:events';
import { afterEach, describe, expect, it } from '@jest/globals';
import { Global, Injectable, Module } from '@nestjs/common';
import { defer, lastValueFrom, Observable, of } from 'rxjs';
import type { CallOptions } from '../../lib/circuit/call-options.js';
import { Circuit } from '../../lib/circuit/circuit.js';
import { CircuitBreakerModule } from '../../lib/circuit-breaker.module.js';
import { CircuitBreaker } from '../../lib/protection/circuit-breaker.decorator.js';
import { CircuitBreakerRegistry } from '../../lib/registry/circuit-breaker.registry.js';
import { REGISTRY_DEPENDENCIES } from '../../lib/registry/registry-dependencies.js';
import type { CircuitOptions } from '../../lib/state/circuit-options.js';
import { closeApps, plainModule, startContext } from '../support/nest-app.js';
import { passTime } from '../support/pass-time.js';
import { settled } from '../support/policy-host.js';
import { VirtualClock } from '../support/virtual-clock.js';

afterEach(closeApps);

/** How many timed-out calls the leak test makes; a million by `TIMEOUT_CALLS`. */
const TIMEOUT_CALLS = Number(process.env['TIMEOUT_CALLS'] ?? 20_000);

/** What the dependency does at each of its calls; the last one repeats. */
type Act = 'value' | 'down' | 'hangs';

/** A dependency behind one of the doors. */
class Dependency {
  calls = 0;

  constructor(
    private readonly clock: VirtualClock,
    private readonly acts: readonly Act[],
  ) {}

  /** Answers after 10 ms. */
  readonly load = (id: string): Promise<string> => {
    const act = this.acts[Math.min(this.calls++, this.acts.length - 1)];
    return new Promise((resolve, reject) => {
      this.clock.schedule(10, () => {
        if (act === 'value') resolve(`${id} ${this.calls}`);
        if (act === 'down') reject(new Error('down'));
      });
    });
  };
}

interface Opened {
  readonly circuit: Circuit;
  /** Calls through the door. */
  call(id: string): Promise<string>;
}

type OpenDoor = (
  dependency: Dependency,
  clock: VirtualClock,
  circuit: CircuitOptions,
  options: CallOptions,
) => Opened | Promise<Opened>;

const key = (id: string) => id;

/** Without a decorated method's name, a cache needs a key. */
function keyed(options: CallOptions): CallOptions {
  return typeof options.cache === 'object'
    ? { ...options, cache: { ...options.cache, key } }
    : options;
}

function byHand(
  open: (circuit: Circuit, options: CallOptions) => Opened['call'],
): (...door: [VirtualClock, CircuitOptions, CallOptions]) => Opened {
  return (clock, rules, options) => {
    const circuit = new Circuit('shop', rules, { clock, random: () => 1 });
    return { circuit, call: open(circuit, keyed(options)) };
  };
}

async function decorated(
  clock: VirtualClock,
  rules: CircuitOptions,
  service: new () => { load(id: string): Promise<string> },
): Promise<Opened> {
  @Global()
  @Module({
    providers: [
      {
        provide: REGISTRY_DEPENDENCIES,
        useValue: { clock, random: () => 1 },
      },
    ],
    exports: [REGISTRY_DEPENDENCIES],
  })
  class ClockModule {}
  const app = await startContext(
    plainModule({
      imports: [
        ClockModule,
        CircuitBreakerModule.forRoot({ circuits: { shop: rules } }),
      ],
      providers: [service],
    }),
  );
  const instance = app.get<{ load(id: string): Promise<string> }>(service);
  return {
    circuit: app.get(CircuitBreakerRegistry).get('shop'),
    call: id => instance.load(id),
  };
}

const DOORS: readonly (readonly [string, OpenDoor])[] = [
  [
    'execute',
    (dependency, ...door) =>
      byHand((circuit, options) => id => {
        const all = { ...options, args: [id] };
        return circuit.execute(() => dependency.load(id), all);
      })(...door),
  ],
  [
    'wrap',
    (dependency, ...door) =>
      byHand((circuit, options) =>
        circuit.wrap(dependency.load, { ...options, returns: 'promise' }),
      )(...door),
  ],
  [
    'wrap of a function that returns an Observable',
    (dependency, ...door) =>
      byHand((circuit, options) => {
        const wrapped = circuit.wrap(
          (id: string) => defer(() => dependency.load(id)),
          { ...options, returns: 'observable' },
        );
        return id => lastValueFrom(wrapped(id));
      })(...door),
  ],
  [
    'protect',
    (dependency, ...door) =>
      byHand((circuit, options) => id => {
        const source = defer(() => dependency.load(id));
        const all = { ...options, args: [id] };
        return lastValueFrom(circuit.protect(source, all));
      })(...door),
  ],
  [
    'a decorated async method',
    (dependency, clock, rules, options) => {
      @Injectable()
      class Service {
        @CircuitBreaker('shop', options)
        async load(id: string): Promise<string> {
          return dependency.load(id);
        }
      }
      return decorated(clock, rules, Service);
    },
  ],
  [
    'a decorated method that returns an Observable',
    (dependency, clock, rules, options) => {
      @Injectable()
      class Service {
        load(id: string): Promise<string> {
          return lastValueFrom(this.stream(id));
        }

        @CircuitBreaker('shop', options)
        stream(id: string): Observable<string> {
          return defer(() => dependency.load(id));
        }
      }
      return decorated(clock, rules, Service);
    },
  ],
];

describe.each(DOORS)('through %s', (_door, openDoor) => {
  async function setUp(
    acts: readonly Act[],
    options: CallOptions,
    rules: CircuitOptions = {},
  ) {
    const clock = new VirtualClock();
    const dependency = new Dependency(clock, acts);
    const { call, circuit } = await openDoor(dependency, clock, rules, options);
    const answers: string[] = [];
    const tell = (id: string) =>
      void call(id).then(
        value => answers.push(value),
        (error: { code?: string; message: string }) =>
          answers.push(error.code ?? error.message),
      );
    return { clock, dependency, circuit, answers, tell };
  }

  it('ends an attempt at its timeout', async () => {
    const { clock, circuit, answers, tell } = await setUp(['hangs'], {
      timeout: 50,
    });
    tell('a');
    await passTime(clock, 49);
    expect(answers).toEqual([]);
    await passTime(clock, 1);
    expect(answers).toEqual(['CALL_TIMEOUT']);
    expect(circuit.snapshot()).toMatchObject({
      inFlight: 0,
      totals: { failures: 1, timeouts: 1 },
    });
  });

  it('ends a call at its deadline, with its waits', async () => {
    const { clock, circuit, answers, tell } = await setUp(['down', 'hangs'], {
      deadline: 50,
      retry: { attempts: 3, backoff: { initial: 20, jitter: 0 } },
    });
    tell('a');
    await passTime(clock, 49);
    expect(answers).toEqual([]);
    await passTime(clock, 1);
    expect(answers).toEqual(['CALL_TIMEOUT']);
    expect(circuit.snapshot()).toMatchObject({
      inFlight: 0,
      totals: { failures: 2, timeouts: 1, retries: 1 },
    });
  });

  it('tries again after a failure', async () => {
    const { clock, dependency, answers, tell } = await setUp(
      ['down', 'value'],
      { retry: { attempts: 2, backoff: { initial: 20, jitter: 0 } } },
    );
    tell('a');
    await passTime(clock, 100);
    expect(answers).toEqual(['a 2']);
    expect(dependency.calls).toBe(2);
  });

  it('lets no more calls run than the bulkhead has places', async () => {
    const { clock, dependency, circuit, answers, tell } = await setUp(
      ['value'],
      {},
      { bulkhead: { maxConcurrent: 1, maxQueue: 1 } },
    );
    for (const id of 'abc') tell(id);
    await passTime(clock, 9);
    expect(dependency.calls).toBe(1);
    expect(answers).toEqual(['BULKHEAD_FULL']);
    await passTime(clock, 20);
    expect(answers).toEqual(['BULKHEAD_FULL', 'a 1', 'b 2']);
    expect(circuit.snapshot().totals).toMatchObject({ calls: 2, rejected: 1 });
  });

  it('lets no more calls begin than the rate limit has tokens', async () => {
    const { clock, dependency, circuit, answers, tell } = await setUp(
      ['value'],
      {},
      { rateLimit: { limit: 2, interval: 100 } },
    );
    for (const id of 'abc') tell(id);
    await passTime(clock, 20);
    expect(answers.toSorted()).toEqual(['RATE_LIMITED', 'a 2', 'b 2']);
    expect(circuit.snapshot().totals).toMatchObject({ calls: 2, rejected: 1 });
    await passTime(clock, 30);
    tell('d');
    await passTime(clock, 20);
    expect(dependency.calls).toBe(3);
  });

  it('answers by the cache: fresh ones without a call, old ones for a failure', async () => {
    const { clock, dependency, circuit, answers, tell } = await setUp(
      ['value', 'down'],
      { cache: { freshFor: 50, staleFor: 500 } },
    );
    tell('a');
    await passTime(clock, 20);
    tell('a');
    await passTime(clock, 20);
    expect([answers, dependency.calls]).toEqual([['a 1', 'a 1'], 1]);
    await passTime(clock, 100);
    tell('a');
    tell('b');
    await passTime(clock, 20);
    expect(dependency.calls).toBe(3);
    expect(answers.slice(2).toSorted()).toEqual(['a 1', 'down']);
    expect(circuit.snapshot().totals.cacheHits).toBe(2);
  });
});

describe('a function of unknown kind that returns an Observable', () => {
  it('takes one token for each subscription, and none for its call', () => {
    const clock = new VirtualClock();
    const rules = { rateLimit: { limit: 2, interval: 100 } };
    const circuit = new Circuit('shop', rules, { clock });
    const load = circuit.wrap((id: string) => of(id));
    const answers: string[] = [];
    for (const id of 'abc') {
      load(id).subscribe({
        next: value => answers.push(value),
        error: (error: { code: string }) => answers.push(error.code),
      });
    }
    expect(answers).toEqual(['a', 'b', 'RATE_LIMITED']);
  });
});

const WAYS = ['wrapped', 'executed'] as const;

/** A function that answers at once, behind two doors. */
function plain(rules: CircuitOptions, options: CallOptions) {
  const clock = new VirtualClock();
  const circuit = new Circuit('shop', rules, { clock });
  let calls = 0;
  const load = (id: string) => `${id} ${++calls}`;
  const all = keyed(options);
  return {
    clock,
    circuit,
    wrapped: circuit.wrap(load, { ...all, returns: 'value' }),
    executed: (id: string) =>
      circuit.executeSync(() => load(id), { ...all, args: [id] }),
    calls: () => calls,
  };
}

describe('a function that returns a plain value', () => {
  it.each(WAYS)('is %s behind the rate limit', way => {
    const bench = plain({ rateLimit: { limit: 1, interval: 100 } }, {});
    expect(bench[way]('a')).toBe('a 1');
    expect(() => bench[way]('b')).toThrow(
      expect.objectContaining({ code: 'RATE_LIMITED' }),
    );
  });

  it.each(WAYS)('is %s behind the bulkhead, and never waits', way => {
    const bench = plain({ bulkhead: { maxConcurrent: 1, maxQueue: 9 } }, {});
    void bench.circuit.execute(() => new Promise(() => {}));
    expect(() => bench[way]('a')).toThrow(
      expect.objectContaining({ code: 'BULKHEAD_FULL' }),
    );
  });

  it.each(WAYS)('is %s behind the cache', way => {
    const bench = plain({}, { cache: { freshFor: 50, staleFor: 500 } });
    expect([bench[way]('a'), bench[way]('a')]).toEqual(['a 1', 'a 1']);
    bench.clock.advance(100);
    bench.circuit.forceOpen();
    expect(bench[way]('a')).toBe('a 1');
    expect(bench.calls()).toBe(1);
  });

  it.each<[keyof CallOptions, CallOptions]>([
    ['timeout', { timeout: 50 }],
    ['deadline', { deadline: 50 }],
    ['retry', { retry: { attempts: 2 } }],
  ])('is refused with a %s, with the reason', (option, options) => {
    const bench = plain({}, options);
    for (const way of WAYS) {
      expect(() => bench[way]('a')).toThrow(
        new RegExp(
          `${option}: cannot be had for a function that returns a plain value`,
        ),
      );
    }
    expect(bench.calls()).toBe(0);
  });
});

describe('two methods on one circuit', () => {
  it("never see each other's cached answers, though their arguments are equal", async () => {
    const calls: string[] = [];
    const cache = { freshFor: '1m', staleFor: '1h', coalesce: true } as const;
    @Injectable()
    class Shop {
      @CircuitBreaker('shop', { cache })
      async price(id: string): Promise<string> {
        calls.push('price');
        return `price of ${id}`;
      }

      @CircuitBreaker('shop', { cache })
      async stock(id: string): Promise<string> {
        calls.push('stock');
        return `stock of ${id}`;
      }
    }
    @Injectable()
    class OtherShop {
      @CircuitBreaker('shop', { cache })
      async price(id: string): Promise<string> {
        calls.push('other price');
        return `other price of ${id}`;
      }
    }
    const app = await startContext(
      plainModule({
        imports: [CircuitBreakerModule.forRoot()],
        providers: [Shop, OtherShop],
      }),
    );
    const [shop, other] = [app.get(Shop), app.get(OtherShop)];
    const all = () =>
      Promise.all([shop.price('1'), shop.stock('1'), other.price('1')]);
    const expected = ['price of 1', 'stock of 1', 'other price of 1'];
    expect([await all(), await all()]).toEqual([expected, expected]);
    expect(calls.toSorted()).toEqual(['other price', 'price', 'stock']);
  });
});

const NEVER_OPENS: CircuitOptions = {
  failureRateThreshold: false,
  consecutiveFailures: false,
  slowCallDuration: false,
};

describe('many timed-out calls of one caller', () => {
  it(`leave neither a listener nor a timer behind after ${TIMEOUT_CALLS} of them`, async () => {
    const clock = new VirtualClock();
    const circuit = new Circuit('shop', NEVER_OPENS, { clock });
    const caller = new AbortController();
    const options = { timeout: 10, signal: caller.signal };
    let aborted = 0;
    const hang = ({ signal }: { signal: AbortSignal }) =>
      new Promise<never>(() => {
        signal.addEventListener('abort', () => aborted++, { once: true });
      });
    const batch = 1_000;
    for (let made = 0; made < TIMEOUT_CALLS; made += batch) {
      const answers = Array.from({ length: batch }, () =>
        circuit.execute(hang, options),
      );
      clock.advance(10);
      await Promise.allSettled(answers);
    }
    expect(aborted).toBe(TIMEOUT_CALLS);
    expect(circuit.snapshot()).toMatchObject({
      inFlight: 0,
      totals: { timeouts: TIMEOUT_CALLS, failures: TIMEOUT_CALLS },
    });
    expect(getEventListeners(caller.signal, 'abort')).toEqual([]);
    expect(clock.pending).toBe(0);
  }, 600_000);
});

describe('a retry budget of a circuit', () => {
  describe.each<
    [string, (circuit: Circuit, options: object) => Promise<unknown>]
  >([
    ['promises', (circuit, options) => circuit.execute(fails, options)],
    [
      'Observables',
      (circuit, options) =>
        lastValueFrom(circuit.protect(defer(fails), options)),
    ],
  ])('of %s', (_kind, call) => {
    it('earns by each call once, however often that is tried', async () => {
      const clock = new VirtualClock();
      const circuit = new Circuit('c', NEVER_OPENS, { clock });
      const options = {
        retry: {
          attempts: 5,
          backoff: { initial: 1, multiplier: 1, jitter: 0 },
          budget: { ratio: 1, burst: 0, per: '1h' },
        },
      };
      const answer = call(circuit, options).catch(() => {});
      for (let each = 0; each < 10; each++) {
        await settled();
        clock.advance(1);
      }
      await answer;
      expect(circuit.snapshot().totals.retries).toBe(1);
    });

    it('earns nothing with calls that were refused', async () => {
      const clock = new VirtualClock();
      const circuit = new Circuit('c', NEVER_OPENS, { clock });
      const options = {
        retry: {
          attempts: 2,
          backoff: { initial: 1, jitter: 0 },
          budget: { ratio: 0.2, burst: 0, per: '1h' },
        },
      };
      circuit.forceOpen();
      for (let i = 0; i < 100; i++)
        await call(circuit, options).catch(() => {});
      circuit.reset();
      const answers = Array.from({ length: 10 }, () =>
        call(circuit, options).catch(() => {}),
      );
      await settled();
      clock.advance(2);
      await Promise.all(answers);
      expect(circuit.snapshot().totals.retries).toBe(2);
    });
  });
});

describe('a clock that steps back', () => {
  it('and forward again has made no call hold its place for longer', () => {
    const clock = new VirtualClock(100_000);
    const rules: CircuitOptions = {
      bulkhead: { maxConcurrent: 1, maxQueue: 0, maxHold: 1_000 },
    };
    const circuit = new Circuit('c', rules, { clock });
    const call = () => circuit.executeSync(() => 'value');
    call();
    clock.set(50_000);
    void circuit.execute(() => new Promise(() => {}));
    clock.set(100_100);
    expect(call).toThrow(expect.objectContaining({ code: 'BULKHEAD_FULL' }));
  });

  it('stretches no timeout of the calls that begin then', async () => {
    let reading = 100_000;
    const virtual = new VirtualClock();
    const clock = {
      now: () => reading,
      wallTime: () => 0,
      schedule: (delay: number, fn: () => void) => virtual.schedule(delay, fn),
    };
    const circuit = new Circuit('c', {}, { clock });
    const call = () =>
      circuit
        .execute(() => new Promise(() => {}), { timeout: 1_000 })
        .catch(() => 'timed out');
    const answers = [call()];
    await settled();
    reading -= 50_000;
    answers.push(call());
    await settled();
    reading = 101_001;
    virtual.advance(1_001);
    await settled();
    expect(await Promise.all(answers)).toEqual(['timed out', 'timed out']);
  });
});

const fails = () => Promise.reject(new Error('down'));
