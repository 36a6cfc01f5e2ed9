import { Controller, Get, Injectable, Logger, Module } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { afterEach, describe, expect, it } from '@jest/globals';
import type { INestApplication } from '@nestjs/common';
import type { TestingModule } from '@nestjs/testing';
import {
  CircuitBreaker,
  CircuitBreakerModule,
  CircuitBreakerRegistry,
  InjectCircuit,
  type Circuit,
} from '../../lib/index.js';
import {
  CircuitBreakerTesting,
  CircuitBreakerTestingModule,
  InjectedFaultError,
  VirtualClock,
} from '../../lib/testing/index.js';
import { circuitMatchers } from '../../lib/testing/jest.js';

expect.extend(circuitMatchers);

@Injectable()
class Payments {
  isDown = false;
  charged = 0;

  constructor(@InjectCircuit('payments') readonly circuit: Circuit) {}

  @CircuitBreaker('payments', { fallback: 'queue' })
  async charge(order: string): Promise<string> {
    if (this.isDown) throw new Error('the gateway is down');
    this.charged++;
    return `paid ${order}`;
  }

  queue(_error: unknown, order: string): string {
    return `queued ${order}`;
  }

  @CircuitBreaker('refunds', { timeout: '2s', retry: { attempts: 2 } })
  async refund(): Promise<string> {
    return 'refunded';
  }
}

@Controller('payments')
class PaymentsController {
  constructor(private readonly payments: Payments) {}

  @CircuitBreaker('pay')
  @Get()
  pay() {
    return this.payments.charge('7');
  }
}

/** What a user has: an application that imports our module with options of its own. */
function appModule(isGlobal = true) {
  @Module({
    imports: [
      CircuitBreakerModule.forRoot({
        isGlobal,
        defaults: { consecutiveFailures: 3, openDuration: '45s' },
        circuits: { search: {} },
      }),
    ],
    controllers: [PaymentsController],
    providers: [Payments],
  })
  class AppModule {}
  return AppModule;
}

let moduleRef: TestingModule;
let app: INestApplication | undefined;

async function start(...imports: unknown[]) {
  moduleRef = await Test.createTestingModule({
    imports: imports as [],
  }).compile();
  await moduleRef.init();
  return {
    testing: moduleRef.get(CircuitBreakerTesting),
    get payments() {
      return moduleRef.get(Payments, { strict: false });
    },
  };
}

afterEach(async () => {
  await (app ?? moduleRef).close();
  app = undefined;
});

describe('CircuitBreakerTestingModule beside an application', () => {
  it('leaves the options of the application', async () => {
    const { testing } = await start(appModule(), CircuitBreakerTestingModule);
    expect(testing.circuit('payments').rules.openDuration).toBe(45_000);
    expect(moduleRef.get(CircuitBreakerRegistry)).toBe(testing.registry);
  });

  it('does not matter in which order it is imported', async () => {
    const { testing } = await start(CircuitBreakerTestingModule, appModule());
    expect(testing.circuit('payments').clock).toBe(testing.clock);
  });

  it('puts every circuit on one virtual clock', async () => {
    const { testing } = await start(appModule(), CircuitBreakerTestingModule);
    expect(testing.clock).toBeInstanceOf(VirtualClock);
    expect(moduleRef.get(VirtualClock)).toBe(testing.clock);
    for (const circuit of testing.registry) {
      expect(circuit.clock).toBe(testing.clock);
    }
  });

  it('finds circuits that are not global', async () => {
    const { testing, payments } = await start(
      appModule(false),
      CircuitBreakerTestingModule,
    );
    testing.open('payments');
    await expect(payments.charge('7')).resolves.toBe('queued 7');
    expect(testing.calls('payments').rejections).toHaveLength(1);
    expect(testing.circuit('payments').clock).toBe(testing.clock);
  });

  it('records circuits that are not global from the start, too', async () => {
    const { testing, payments } = await start(
      appModule(false),
      CircuitBreakerTestingModule,
    );
    await payments.charge('7');
    expect(testing.calls('payments').outcomes).toEqual(['success']);
  });

  it('gives its clock and its handle to whoever injects them', async () => {
    @Injectable()
    class Helper {
      constructor(
        readonly clock: VirtualClock,
        readonly testing: CircuitBreakerTesting,
      ) {}
    }
    @Module({ providers: [Helper] })
    class HelperModule {}
    const { testing } = await start(
      HelperModule,
      appModule(),
      CircuitBreakerTestingModule,
    );
    const helper = moduleRef.get(Helper, { strict: false });
    expect(helper.testing).toBe(testing);
    expect(helper.clock).toBe(testing.clock);
  });

  it('stops the start of an application without circuits, and says what is missing', async () => {
    await expect(start(CircuitBreakerTestingModule)).rejects.toThrow(
      'CircuitBreakerTestingModule finds no circuits: import CircuitBreakerModule.forRoot() in the root module, too.',
    );
  });

  it('can be closed before it was started', async () => {
    moduleRef = await Test.createTestingModule({
      imports: [appModule(false), CircuitBreakerTestingModule],
    }).compile();
    const told: unknown[] = [];
    const tell = (...args: unknown[]) => void told.push(args);
    // Nest logs what is thrown while it closes.
    Logger.overrideLogger({ log: tell, warn: tell, error: tell });
    await moduleRef.close();
    Logger.overrideLogger(true);
    expect(told).toEqual([]);
  });

  it('opens a circuit: fallbacks answer, and after the wait it is probed', async () => {
    const { testing, payments } = await start(
      appModule(),
      CircuitBreakerTestingModule,
    );
    testing.open('payments');
    expect(payments.circuit).toBeOpen();
    expect(payments.circuit.state).toBe('open');
    expect(payments.circuit.snapshot().retryAfter).toBe(45_000);
    expect(payments.circuit.explain().sentence).toContain(
      'because the test put it there',
    );
    expect(payments.circuit.snapshot().attempt).toBe(1);
    await expect(payments.charge('7')).resolves.toBe('queued 7');
    expect(payments.circuit).toHaveRejected(1);
    expect(payments.charged).toBe(0);

    await testing.clock.advance('45s');
    await expect(payments.charge('8')).resolves.toBe('paid 8');
    expect(payments.circuit).toBeHalfOpen();
  });

  it('opens it again for a whole wait', async () => {
    const { testing } = await start(appModule(), CircuitBreakerTestingModule);
    testing.open('payments');
    await testing.clock.advance('40s');
    testing.open('payments');
    await testing.clock.advance('40s');
    expect(testing.circuit('payments').wouldAdmit()).toBe(false);
  });

  it('makes a circuit half-open, with all probes to come, and closes it', async () => {
    const { testing, payments } = await start(
      appModule(),
      CircuitBreakerTestingModule,
    );
    testing.halfOpen('payments');
    expect(payments.circuit.snapshot().attempt).toBe(1);
    expect(payments.circuit.snapshot().halfOpen).toEqual({
      admitted: 0,
      inFlight: 0,
      successes: 0,
      failures: 0,
    });
    for (let probe = 0; probe < 10; probe++) await payments.charge('7');
    expect(payments.circuit).toBeClosed();

    testing.open('payments');
    testing.close('payments');
    expect(payments.circuit).toBeClosed();
    expect(payments.circuit.snapshot().window.calls).toBe(0);
    await expect(payments.charge('7')).resolves.toBe('paid 7');
    const { transitions } = testing.calls('payments');
    expect(
      transitions.map(({ from, to, reason }) => [from, to, reason]),
    ).toEqual([
      ['closed', 'half-open', 'the test put it there'],
      ['half-open', 'closed', expect.stringContaining('probes')],
      ['closed', 'open', 'the test put it there'],
      ['open', 'closed', 'the test put it there'],
    ]);
  });

  it('puts one keyed circuit into each state, and no other', async () => {
    const { testing } = await start(appModule(), CircuitBreakerTestingModule);
    const eu = testing.circuit('search', 'eu');
    testing.open('search', 'eu');
    expect(eu).toBeOpen();
    testing.halfOpen('search', 'eu');
    expect(eu).toBeHalfOpen();
    expect(testing.circuit('search', 'us')).toBeClosed();
    testing.close('search', 'eu');
    expect(eu).toBeClosed();
    expect(testing.calls('search', 'eu').transitions).toHaveLength(3);
    expect(testing.calls('search', 'us').events).toEqual([]);
  });

  it('ends an override when it forces another state', async () => {
    const { testing, payments } = await start(
      appModule(),
      CircuitBreakerTestingModule,
    );
    payments.circuit.forceClosed();
    testing.open('payments');
    expect(payments.circuit.state).toBe('open');
    payments.circuit.forceOpen();
    testing.close('payments');
    expect(payments.circuit.state).toBe('closed');
  });

  it('forces keyed circuits apart', async () => {
    const { testing } = await start(appModule(), CircuitBreakerTestingModule);
    testing.open('search', 'eu');
    expect(testing.circuit('search', 'eu')).toBeOpen();
    expect(testing.circuit('search', 'us')).toBeClosed();
    expect(testing.circuit('search')).toBeClosed();
  });

  it('opens a circuit whose waits grow for the first of them', async () => {
    const openDuration = { initial: '10s', multiplier: 2 };
    const { testing } = await start(
      CircuitBreakerTestingModule.forRoot({
        circuits: { payments: { openDuration } },
      }),
    );
    testing.open('payments');
    testing.open('payments');
    expect(testing.circuit('payments').snapshot().retryAfter).toBe(10_000);
  });

  it('throws what a wait function throws', async () => {
    const { testing } = await start(
      CircuitBreakerTestingModule.forRoot({
        circuits: {
          odd: {
            openDuration: () => {
              throw new Error('a broken function');
            },
          },
        },
      }),
    );
    expect(() => testing.open('odd')).toThrow('a broken function');
  });

  it('names the closest circuit for a name that is not declared', async () => {
    const { testing } = await start(appModule(), CircuitBreakerTestingModule);
    for (const ask of [
      () => testing.open('paymens'),
      () => testing.calls('paymens'),
      () => testing.injectFaults('paymens', { errorRate: 1 }),
    ]) {
      expect(ask).toThrow(/did you mean "payments"/i);
    }
  });

  it('works over HTTP', async () => {
    moduleRef = await Test.createTestingModule({
      imports: [appModule(), CircuitBreakerTestingModule],
    }).compile();
    app = moduleRef.createNestApplication({ logger: false });
    await app.listen(0, '127.0.0.1');
    const testing = app.get(CircuitBreakerTesting);
    const get = async () => fetch(`${await app!.getUrl()}/payments`);
    expect(await (await get()).text()).toBe('paid 7');
    testing.open('pay');
    const refused = await get();
    expect(refused.status).toBe(503);
    expect(refused.headers.get('retry-after')).toBe('45');
    await testing.clock.advance('15s');
    expect((await get()).headers.get('retry-after')).toBe('30');
    expect(testing.circuit('pay')).toHaveRejected(2);
  });
});

describe('CircuitBreakerTestingModule.forRoot', () => {
  it('takes the place of CircuitBreakerModule.forRoot', async () => {
    moduleRef = await Test.createTestingModule({
      imports: [
        CircuitBreakerTestingModule.forRoot({
          circuits: { payments: { consecutiveFailures: 2 } },
        }),
      ],
      providers: [Payments],
    }).compile();
    await moduleRef.init();
    const payments = moduleRef.get(Payments);
    payments.isDown = true;
    await payments.charge('1');
    await payments.charge('2');
    expect(payments.circuit).toBeOpen();
    expect(payments.circuit.clock).toBe(
      moduleRef.get(CircuitBreakerTesting).clock,
    );
  });

  it('needs no argument', async () => {
    const { testing } = await start(CircuitBreakerTestingModule.forRoot());
    expect(testing.registry.names()).toEqual([]);
  });

  it('gives each test a clock of its own', async () => {
    const module = CircuitBreakerTestingModule.forRoot();
    const first = await start(module);
    await first.testing.clock.advance('1h');
    await moduleRef.close();
    const second = await start(module);
    expect(second.testing.clock.now()).toBe(0);
    expect(second.testing.clock.wallTime()).toBe(Date.UTC(2030, 0, 1));
  });

  it('beside an application that has circuits stops the start', async () => {
    moduleRef = await Test.createTestingModule({}).compile();
    await expect(
      Test.createTestingModule({
        imports: [appModule(), CircuitBreakerTestingModule.forRoot()],
      }).compile(),
    ).rejects.toThrow(/forRoot\(\) is imported 2 times/);
  });

  it('refuses options that are wrong', () => {
    expect(() =>
      CircuitBreakerTestingModule.forRoot(null as unknown as object),
    ).toThrow(/CircuitBreakerModule: an option cannot be taken/);
  });
});

describe('the records of a test', () => {
  it('tell what has become of each call', async () => {
    const { testing, payments } = await start(
      appModule(),
      CircuitBreakerTestingModule,
    );
    await payments.charge('1');
    payments.isDown = true;
    for (const order of ['2', '3', '4', '5']) await payments.charge(order);
    const calls = testing.calls('payments');
    expect(calls.outcomes).toEqual([
      'success',
      'failure',
      'failure',
      'failure',
    ]);
    expect(calls.errors.map(String)).toEqual([
      'Error: the gateway is down',
      'Error: the gateway is down',
      'Error: the gateway is down',
    ]);
    expect(calls.rejections).toMatchObject([
      { code: 'CIRCUIT_OPEN', retryAfter: 45_000 },
    ]);
    expect(calls.fallbacks.map(({ error }) => error)).toMatchObject([
      { message: 'the gateway is down' },
      { message: 'the gateway is down' },
      { message: 'the gateway is down' },
      { code: 'CIRCUIT_OPEN' },
    ]);
    expect(calls.transitions).toMatchObject([{ from: 'closed', to: 'open' }]);
    expect(testing.calls('refunds').events).toEqual([]);
  });

  it('tell of retries and timeouts', async () => {
    const { testing, payments } = await start(
      appModule(),
      CircuitBreakerTestingModule,
    );
    const faults = testing.injectFaults('refunds', { hangRate: 1 });
    await expect(
      testing.clock.runUntil(payments.refund()),
    ).rejects.toMatchObject({ code: 'CALL_TIMEOUT' });
    expect(testing.calls('refunds').timeouts).toHaveLength(2);
    expect(testing.calls('refunds').retries).toMatchObject([{ attempt: 2 }]);
    expect(faults.counts.hangs).toBe(2);
  });

  it('tell the calls of one key, or of all under a name', async () => {
    const { testing } = await start(appModule(), CircuitBreakerTestingModule);
    for (const key of ['eu', 'us', 'eu']) {
      await testing.circuit('search', key).execute(async () => key);
    }
    expect(testing.calls('search').outcomes).toHaveLength(3);
    expect(testing.calls('search', 'eu').outcomes).toHaveLength(2);
    expect(testing.calls('search', 'asia').outcomes).toHaveLength(0);
  });

  it('hold what was called before the first hook ran', async () => {
    @Injectable()
    class Eager {
      constructor(@InjectCircuit('payments') circuit: Circuit) {
        circuit.executeSync(() => 1);
      }
    }
    @Module({ providers: [Eager] })
    class EagerModule {}
    const { testing } = await start(
      appModule(),
      EagerModule,
      CircuitBreakerTestingModule,
    );
    expect(testing.circuit('payments')).toHaveSucceeded(1);
    expect(testing.calls('payments').outcomes).toEqual(['success']);
  });

  it('hold what counted for nothing, and keep to the order', async () => {
    const { testing } = await start(appModule(), CircuitBreakerTestingModule);
    const circuit = testing.circuit('payments');
    const down = new Error('down');
    await circuit.execute(() => Promise.reject(down)).catch(() => {});
    const caller = new AbortController();
    const left = circuit.execute(() => new Promise(() => {}), {
      signal: caller.signal,
    });
    caller.abort();
    await left.catch(() => {});
    await circuit.execute(async () => 1);
    const { outcomes, errors, events } = testing.calls('payments');
    expect(outcomes).toEqual(['failure', 'ignored', 'success']);
    expect(errors).toEqual([down]);
    expect(errors[0]).toBe(down);
    expect(events.map(({ type }) => type)).toEqual(outcomes);
  });

  it('end with the application', async () => {
    const { testing, payments } = await start(
      appModule(),
      CircuitBreakerTestingModule,
    );
    const { circuit } = payments;
    await circuit.execute(async () => 1);
    await moduleRef.close();
    await circuit.execute(async () => 2);
    expect(testing.calls('payments').outcomes).toEqual(['success']);
  });

  it('begin anew at a reset, with the counts of the matchers', async () => {
    const { testing, payments } = await start(
      appModule(),
      CircuitBreakerTestingModule,
    );
    const faults = testing.injectFaults('payments', { errorRate: 1 });
    for (let call = 0; call < 4; call++) await payments.charge('1');
    testing.open('search', 'eu');
    expect(payments.circuit).toBeOpen();

    testing.reset();

    expect(faults.isActive).toBe(false);
    expect(payments.circuit).toBeClosed();
    expect(payments.circuit.snapshot().transitions.at(-1)).toMatchObject({
      to: 'closed',
      reason: 'the test put it there',
    });
    expect(testing.circuit('search', 'eu')).toBeClosed();
    expect(testing.calls('payments').events).toEqual([]);
    expect(payments.circuit).not.toHaveRejected();
    expect(payments.circuit).not.toHaveFailed();
    expect(() => expect(payments.circuit).toBeOpen()).toThrow(
      /It has counted: nothing yet\.$/,
    );
    await expect(payments.charge('2')).resolves.toBe('paid 2');
    expect(payments.circuit).toHaveSucceeded(1);
    expect(testing.calls('payments').outcomes).toEqual(['success']);
  });
});

describe('faults by name', () => {
  it('hit decorated methods', async () => {
    const { testing, payments } = await start(
      appModule(),
      CircuitBreakerTestingModule,
    );
    testing.injectFaults('payments', { errorRate: 1 });
    await expect(payments.charge('7')).resolves.toBe('queued 7');
    expect(payments.charged).toBe(0);
    expect(testing.calls('payments').errors).toEqual([
      expect.any(InjectedFaultError),
    ]);
  });

  it('hit one key', async () => {
    const { testing } = await start(appModule(), CircuitBreakerTestingModule);
    testing.injectFaults('search', { errorRate: 1 }, 'eu');
    const answer = testing.registry.failover(
      'search',
      ['eu', 'us'],
      async key => key,
    );
    await expect(answer).resolves.toBe('us');
    testing.reset();
    await expect(
      testing.circuit('search', 'eu').execute(async () => 'eu'),
    ).resolves.toBe('eu');
  });

  it('can be injected again after a reset', async () => {
    const { testing, payments } = await start(
      appModule(),
      CircuitBreakerTestingModule,
    );
    testing.injectFaults('payments', { errorRate: 1 });
    testing.reset();
    const faults = testing.injectFaults('payments', { errorRate: 1 });
    await expect(payments.charge('7')).resolves.toBe('queued 7');
    testing.reset();
    expect(faults.isActive).toBe(false);
  });

  it('end with the application', async () => {
    const { testing } = await start(appModule(), CircuitBreakerTestingModule);
    const faults = testing.injectFaults('payments', { errorRate: 1 });
    await moduleRef.close();
    expect(faults.isActive).toBe(false);
  });
});
