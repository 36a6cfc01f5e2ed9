import { afterEach, describe, expect, it, jest } from '@jest/globals';
import {
  Controller,
  Get,
  Global,
  Inject,
  Injectable,
  Module,
  Scope,
  type DynamicModule,
  type ModuleMetadata,
  type NestMiddleware,
  type Type,
} from '@nestjs/common';
import { LazyModuleLoader, NestFactory } from '@nestjs/core';
import { Test, type TestingModule } from '@nestjs/testing';
import { CircuitBreakerModule } from '../../lib/circuit-breaker.module.js';
import type { CircuitBreakerModuleOptionsFactory } from '../../lib/circuit-breaker.module-definition.js';
import { Circuit } from '../../lib/circuit/circuit.js';
import { CircuitBreaker } from '../../lib/protection/circuit-breaker.decorator.js';
import { CircuitBreakerRegistry } from '../../lib/registry/circuit-breaker.registry.js';
import { REGISTRY_DEPENDENCIES } from '../../lib/registry/registry-dependencies.js';
import {
  getCircuitToken,
  InjectCircuit,
} from '../../lib/registry/inject-circuit.js';
import type { CircuitBreakerModuleOptions } from '../../lib/registry/module-options.js';
import { VirtualClock } from '../support/virtual-clock.js';

const { forRoot, forFeature } = {
  forRoot: CircuitBreakerModule.forRoot.bind(CircuitBreakerModule),
  forFeature: CircuitBreakerModule.forFeature.bind(CircuitBreakerModule),
};

const running: TestingModule[] = [];

afterEach(async () => {
  await Promise.all(running.splice(0).map(app => app.close()));
  for (const variable of Object.keys(process.env)) {
    if (variable.startsWith('E2E_CB_')) delete process.env[variable];
  }
});

@Injectable()
class Payments {
  constructor(
    @InjectCircuit('payments') readonly circuit: Circuit,
    readonly circuits: CircuitBreakerRegistry,
  ) {}
}

describe('forRoot', () => {
  it('needs no argument', async () => {
    const app = await start({ imports: [forRoot()] });

    const registry = app.get(CircuitBreakerRegistry);

    expect(registry.names()).toEqual([]);
    expect(registry.getOrCreate('a').rules.minimumCalls).toBe(20);
  });

  it('is global, so that features need not import it', async () => {
    @Module({ providers: [Payments], exports: [Payments] })
    class PaymentsModule {}

    const app = await start({
      imports: [
        PaymentsModule,
        forRoot({ circuits: { payments: { openDuration: '5s' } } }),
      ],
    });

    const { circuit, circuits } = app.get(Payments);
    expect(circuit.rules.openDuration).toBe(5_000);
    expect(circuits.get('payments')).toBe(circuit);
  });

  it.each([{ isGlobal: undefined }, { isGlobal: true }])(
    'is global with %p',
    async extra => {
      @Module({ providers: [Payments] })
      class PaymentsModule {}

      await expect(
        start({
          imports: [
            PaymentsModule,
            forRoot({ circuits: { payments: {} }, ...(extra as object) }),
          ],
        }),
      ).resolves.toBeDefined();
    },
  );

  it('can be kept to those who import it', async () => {
    const root = forRoot({ circuits: { payments: {} }, isGlobal: false });
    @Module({ imports: [root], providers: [Payments] })
    class Importing {}
    @Module({ providers: [Payments] })
    class NotImporting {}

    await expect(start({ imports: [Importing] })).resolves.toBeDefined();
    await expect(start({ imports: [root, NotImporting] })).rejects.toThrow(
      /can't resolve dependencies/,
    );
  });

  it('takes frozen options and changes nothing in them', async () => {
    const options = Object.freeze({
      defaults: Object.freeze({ halfOpen: Object.freeze({ calls: 3 }) }),
      circuits: Object.freeze({ a: Object.freeze({}) }),
    });

    const app = await start({ imports: [forRoot(options)] });

    expect(app.get(CircuitBreakerRegistry).get('a').rules.halfOpen.calls).toBe(
      3,
    );
  });

  it.each([null, 5, 'x', []])('refuses %p', options => {
    expect(() => forRoot(options as CircuitBreakerModuleOptions)).toThrow(
      /^CircuitBreakerModule: an option .*\n.*takes an object of options/,
    );
  });

  it.each([5, null, {}, { get: () => 1 }, { set: () => 1 }, () => 1])(
    'refuses %p for a store of answers',
    async cacheStore => {
      await expect(
        start({ imports: [forRoot({ cacheStore: cacheStore as never })] }),
      ).rejects.toThrow(/cacheStore: got .*takes a store with get\(key\)/);
    },
  );

  it('refuses to be imported twice in one application', async () => {
    @Module({ imports: [forRoot({ circuits: { a: {} } })] })
    class Feature {}

    await expect(start({ imports: [forRoot(), Feature] })).rejects.toThrow(
      /forRoot\(\) is imported 2 times.+use CircuitBreakerModule.forFeature/,
    );
  });

  it('stops the start with every mistake of the whole application in one message', async () => {
    process.env['E2E_CB_TYPO'] = '1';
    @Injectable()
    class Rates {
      constructor(@InjectCircuit('raets') readonly circuit: Circuit) {}

      @CircuitBreaker('rates', { openDuration: 'soon', fallback: 5 as never })
      get() {}
    }
    @Module({
      imports: [forFeature([{ name: 'stock', minimumCalls: 0 }])],
      providers: [Rates],
    })
    class StockModule {}

    const error = await start({
      imports: [
        forRoot({
          defaults: { openJitter: -1 },
          circuits: { a: { mode: 'x' as 'shadow' } },
          env: { prefix: 'E2E_CB' },
        }),
        StockModule,
      ],
    }).catch((thrown: unknown) => thrown as Error);

    const message = (error as Error).message;
    for (const part of [
      'defaults.openJitter: got -1',
      `circuits.a.mode: got 'x'`,
      'forFeature() in StockModule: minimumCalls: got 0',
      `Rates.get: openDuration: got 'soon'`,
      'Rates.get: fallback: got 5',
      'Rates: asks for circuit "raets", which nothing declares; did you mean "rates"?',
      'E2E_CB_TYPO: fits no option',
    ]) {
      expect(message).toContain(part);
    }
  });

  it('stops a real application, too', async () => {
    @Module({ imports: [forRoot({ circuits: { a: { maxKeys: 0 } } })] })
    class AppModule {}

    await expect(
      NestFactory.createApplicationContext(AppModule, {
        logger: false,
        abortOnError: false,
      }),
    ).rejects.toThrow(/circuits\.a\.maxKeys: got 0/);
  });

  it('warns once, at the start, of what is surely not meant', async () => {
    const warn = jest.fn();

    const app = await start({
      imports: [
        dependencies({ logger: { warn, error: warn } }),
        forRoot({ circuits: { a: { minimumCalls: 50, window: { size: 9 } } } }),
      ],
    });
    expect(warn).toHaveBeenCalledTimes(1);
    app.get(CircuitBreakerRegistry).get('a');

    expect(warn).toHaveBeenCalledTimes(1);
    expect(warn).toHaveBeenCalledWith(
      expect.stringContaining('minimumCalls: 50 calls never fit'),
    );
  });
});

describe('forRootAsync', () => {
  const OPTIONS: CircuitBreakerModuleOptions = {
    circuits: { payments: { openDuration: '7s' } },
  };

  @Injectable()
  class Settings implements CircuitBreakerModuleOptionsFactory {
    create() {
      return Promise.resolve(OPTIONS);
    }
  }

  @Module({ providers: [Settings], exports: [Settings] })
  class SettingsModule {}

  it.each<[string, () => DynamicModule]>([
    [
      'useFactory',
      () => CircuitBreakerModule.forRootAsync({ useFactory: () => OPTIONS }),
    ],
    [
      'useFactory with what it injects',
      () =>
        CircuitBreakerModule.forRootAsync({
          imports: [SettingsModule],
          inject: [Settings],
          useFactory: (settings: Settings) => settings.create(),
        }),
    ],
    [
      'useClass',
      () => CircuitBreakerModule.forRootAsync({ useClass: Settings }),
    ],
    [
      'useExisting',
      () =>
        CircuitBreakerModule.forRootAsync({
          imports: [SettingsModule],
          useExisting: Settings,
        }),
    ],
  ])('takes its options from %s', async (_form, root) => {
    const app = await start({ imports: [root()], providers: [Payments] });

    expect(app.get(Payments).circuit.rules.openDuration).toBe(7_000);
  });

  it('can be kept to those who import it', async () => {
    @Module({ providers: [Payments] })
    class NotImporting {}
    const root = CircuitBreakerModule.forRootAsync({
      useFactory: () => OPTIONS,
      isGlobal: false,
    });

    await expect(start({ imports: [root, NotImporting] })).rejects.toThrow(
      /can't resolve dependencies/,
    );
  });

  it('validates what it gets', async () => {
    const root = CircuitBreakerModule.forRootAsync({
      useFactory: () => ({ circuits: { a: { openDuration: 'x' } } }),
    });

    await expect(start({ imports: [root] })).rejects.toThrow(
      /circuits\.a\.openDuration: got 'x'/,
    );
  });
});

describe('forFeature', () => {
  it('declares circuits where they are used, over those of forRoot', async () => {
    @Module({
      imports: [forFeature([{ name: 'payments', openDuration: '3s' }])],
      providers: [Payments],
    })
    class PaymentsModule {}

    const app = await start({
      imports: [
        forRoot({ circuits: { payments: { openDuration: '9s', maxKeys: 2 } } }),
        PaymentsModule,
      ],
    });

    expect(app.get(Payments).circuit.rules).toMatchObject({
      openDuration: 3_000,
      maxKeys: 2,
    });
  });

  it('works in several modules', async () => {
    @Module({ imports: [forFeature([{ name: 'a' }, { name: 'b' }])] })
    class One {}
    @Module({ imports: [forFeature([{ name: 'b' }, { name: 'c' }])] })
    class Other {}

    const app = await start({ imports: [One, Other, forRoot()] });

    expect(app.get(CircuitBreakerRegistry).names()).toEqual(['a', 'b', 'c']);
  });

  it('stops the start where features disagree, with both places', async () => {
    @Module({ imports: [forFeature([{ name: 'a', maxKeys: 1 }])] })
    class OneModule {}
    @Module({ imports: [forFeature([{ name: 'a', maxKeys: 2 }])] })
    class OtherModule {}

    await expect(
      start({ imports: [OneModule, OtherModule, forRoot()] }),
    ).rejects.toThrow(
      'forFeature() in OtherModule: maxKeys: got 2, but forFeature() in OneModule gives 1 to the same circuit "a"',
    );
  });

  it('names every module that imports it', async () => {
    const wrong = forFeature([{ name: 'a', maxKeys: 0 }]);
    @Module({ imports: [wrong] })
    class One {}
    @Module({ imports: [wrong] })
    class Other {}

    await expect(start({ imports: [One, Other, forRoot()] })).rejects.toThrow(
      'forFeature() in One, Other: maxKeys: got 0',
    );
  });

  it.each([
    [{}, /takes an array of circuits/],
    [[5], /\[0\]: got 5, takes \{ name, \.\.\.circuit options \}/],
    [[{ openDuration: 1 }], /name: got undefined, takes a circuit's name/],
    [[{ name: 'a', opneDuration: 1 }], /did you mean "openDuration"/],
    [[{ name: 'a', fallback: () => 1 }], /fallback: got .+ no such option/],
  ])('refuses %p', async (circuits, message) => {
    await expect(
      start({ imports: [forFeature(circuits as []), forRoot()] }),
    ).rejects.toThrow(message);
  });

  it('needs forRoot', async () => {
    await expect(
      start({ imports: [forFeature([{ name: 'a' }])] }),
    ).rejects.toThrow(/forFeature\(\) needs CircuitBreakerModule\.forRoot\(\)/);
  });

  it('works in a module that is loaded lazily', async () => {
    @Module({
      imports: [forFeature([{ name: 'payments', openDuration: '3s' }])],
    })
    class LazyModule {}
    const app = await start({ imports: [forRoot()] });
    const registry = app.get(CircuitBreakerRegistry);

    await app.get(LazyModuleLoader).load(() => LazyModule);

    expect(registry.get('payments').rules.openDuration).toBe(3_000);
  });
});

describe('@InjectCircuit', () => {
  it('finds circuits whoever declares them', async () => {
    @Injectable()
    class Rates {
      @CircuitBreaker('rates', { openDuration: '4s' })
      get() {}
    }
    @Injectable()
    class Host {
      @InjectCircuit('rates') readonly rates!: Circuit;

      constructor(
        @InjectCircuit('root') readonly root: Circuit,
        @InjectCircuit('feature') readonly feature: Circuit,
      ) {}
    }

    const app = await start({
      imports: [
        forRoot({ circuits: { root: {} } }),
        forFeature([{ name: 'feature' }]),
      ],
      providers: [Rates, Host],
    });

    const { root, feature, rates } = app.get(Host);
    expect([root, feature, rates].map(({ name }) => name)).toEqual([
      'root',
      'feature',
      'rates',
    ]);
    expect(rates.rules.openDuration).toBe(4_000);
  });

  it('finds the circuit of a class that a factory makes', async () => {
    class Rates {
      @CircuitBreaker('factory-rates')
      get() {}
    }
    @Injectable()
    class Host {
      constructor(@InjectCircuit('factory-rates') readonly rates: Circuit) {}
    }

    const app = await start({
      imports: [forRoot()],
      providers: [{ provide: Rates, useFactory: () => new Rates() }, Host],
    });

    expect(app.get(Host).rates.name).toBe('factory-rates');
  });

  it('works in request-scoped providers and controllers, and in factories', async () => {
    @Injectable({ scope: Scope.REQUEST })
    class PerRequest {
      constructor(@InjectCircuit('payments') readonly circuit: Circuit) {}
    }
    @Controller()
    class Pay {
      constructor(@InjectCircuit('payments') readonly circuit: Circuit) {}

      @Get()
      get() {}
    }
    const app = await start({
      imports: [forRoot({ circuits: { payments: {} } })],
      controllers: [Pay],
      providers: [
        PerRequest,
        {
          provide: 'made',
          inject: [getCircuitToken('payments')],
          useFactory: (circuit: Circuit) => ({ circuit }),
        },
      ],
    });
    const circuit = app.get(CircuitBreakerRegistry).get('payments');

    expect((await app.resolve(PerRequest)).circuit).toBe(circuit);
    expect(app.get(Pay).circuit).toBe(circuit);
    expect(app.get<{ circuit: Circuit }>('made').circuit).toBe(circuit);
  });

  it('throws at the host where nothing declares the name, in middleware too', async () => {
    class Guarding implements NestMiddleware {
      constructor(@InjectCircuit('unknown-here') readonly circuit: Circuit) {}

      use() {}
    }
    @Module({ imports: [forRoot()], controllers: [] })
    class AppModule {
      configure(consumer: {
        apply(type: Type): { forRoutes(path: string): void };
      }) {
        consumer.apply(Guarding).forRoutes('{*path}');
      }
    }
    const app = await NestFactory.create(AppModule, {
      logger: false,
      abortOnError: false,
    });

    await expect(app.init()).rejects.toThrow(
      /No circuit is called "unknown-here"/,
    );
    await app.close();
  });

  it('does not trouble applications that never heard of a name', async () => {
    getCircuitToken('of-another-application');

    await expect(start({ imports: [forRoot()] })).resolves.toBeDefined();
  });

  it('can be given another circuit in a test', async () => {
    const fake = new Circuit('fake');

    const app = await start({
      imports: [forRoot()],
      providers: [
        Payments,
        { provide: getCircuitToken('payments'), useValue: fake },
      ],
    });

    expect(app.get(Payments).circuit).toBe(fake);
  });

  it('stops the start in a module class of its own, and says how to declare it', async () => {
    @Module({})
    class Orders {
      constructor(@InjectCircuit('no-such-thing') readonly circuit: Circuit) {}
    }

    await expect(start({ imports: [Orders, forRoot()] })).rejects.toThrow(
      /Orders: asks for circuit "no-such-thing", which nothing declares; declare it in forRoot/,
    );
  });

  it('is not asked for by a class that a value or a factory stands for', async () => {
    class Orders {
      constructor(@InjectCircuit('nowhere') readonly circuit: Circuit) {}
    }

    await expect(
      start({
        imports: [forRoot()],
        providers: [
          { provide: Orders, useValue: {} },
          { provide: 'orders', useFactory: () => ({}) },
        ],
      }),
    ).resolves.toBeDefined();
  });

  it.each([undefined, null, 5])('refuses %p where it stands', name => {
    expect(() => InjectCircuit(name as unknown as string)).toThrow(
      /takes a circuit's name/,
    );
  });
});

describe('the environment', () => {
  it('overrides the options of declared circuits, decorated ones too', async () => {
    process.env['E2E_CB_PAYMENTS_OPEN_DURATION'] = '11s';
    process.env['E2E_CB_RATES_GET_HALF_OPEN_CALLS'] = '2';
    @Injectable()
    class Rates {
      @CircuitBreaker({ halfOpen: { calls: 5 } })
      get() {}
    }

    const app = await start({
      imports: [
        forRoot({
          circuits: { payments: { openDuration: '1s' } },
          env: { prefix: 'E2E_CB' },
        }),
      ],
      providers: [Rates],
    });

    const registry = app.get(CircuitBreakerRegistry);
    expect(registry.get('payments').rules.openDuration).toBe(11_000);
    expect(registry.get('Rates.get').rules.halfOpen.calls).toBe(2);
  });
});

it('takes presets that ship, and those of forRoot', async () => {
  const app = await start({
    imports: [
      forRoot({
        presets: { partner: { openDuration: '2m' } },
        circuits: {
          payments: { preset: 'paymentGateway', openDuration: '5s' },
          acme: { preset: 'partner' },
        },
      }),
    ],
  });

  const registry = app.get(CircuitBreakerRegistry);
  expect(registry.get('payments').rules).toMatchObject({
    failureRateThreshold: 0.1,
    openDuration: 5_000,
  });
  expect(registry.get('acme').rules.openDuration).toBe(120_000);
});

describe('two applications in one process', () => {
  it('share nothing', async () => {
    const one = await startPayments();
    const other = await startPayments();
    const events: string[] = [];
    other
      .get(CircuitBreakerRegistry)
      .events$.subscribe(({ type }) => events.push(type));

    one.get(Payments).circuit.forceOpen();
    one.get(CircuitBreakerRegistry).configure('payments', { maxKeys: 9 });

    expect(other.get(Payments).circuit).not.toBe(one.get(Payments).circuit);
    expect(other.get(Payments).circuit.state).toBe('closed');
    expect(other.get(Payments).circuit.rules.maxKeys).toBe(3);
    expect(events).toEqual([]);
  });

  it('share nothing, even of one dynamic module', async () => {
    const root = forRoot({ circuits: { payments: {} } });
    const one = await start({ imports: [root], providers: [Payments] });
    const other = await start({ imports: [root], providers: [Payments] });

    one.get(Payments).circuit.forceOpen();

    expect(other.get(Payments).circuit.state).toBe('closed');
  });

  it('go on when the other one is closed', async () => {
    const one = await startPayments();
    const other = await startPayments();
    const told: string[] = [];
    for (const app of [one, other]) {
      app
        .get(CircuitBreakerRegistry)
        .events$.subscribe(({ type }) => told.push(type));
    }

    await one.close();
    one.get(CircuitBreakerRegistry).get('payments').tryAcquire()!.success(1);
    expect(told).toEqual([]);
    other.get(CircuitBreakerRegistry).get('payments').tryAcquire()!.success(1);
    expect(told).toEqual(['success']);
  });
});

it('gives every circuit the clock that a global module provides', async () => {
  const clock = new VirtualClock();
  const app = await start({
    imports: [
      dependencies({ clock, random: () => 0 }),
      forRoot({ circuits: { a: { consecutiveFailures: 1 } } }),
    ],
  });
  const circuit = app.get(CircuitBreakerRegistry).get('a');

  circuit.tryAcquire()!.failure(new Error());
  expect(circuit.wouldAdmit()).toBe(false);
  clock.advance(60_000);
  expect(circuit.wouldAdmit()).toBe(true);
});

it('lets constructors use the registry', async () => {
  @Injectable()
  class Early {
    readonly state: string;

    constructor(
      @Inject(CircuitBreakerRegistry) circuits: CircuitBreakerRegistry,
    ) {
      this.state = circuits.get('Late.call').state;
    }
  }
  @Injectable()
  class Late {
    @CircuitBreaker()
    call() {}
  }

  const app = await start({ imports: [forRoot()], providers: [Early, Late] });

  expect(app.get(Early).state).toBe('closed');
});

async function start(metadata: ModuleMetadata): Promise<TestingModule> {
  const app = await Test.createTestingModule(metadata)
    .setLogger(false as never)
    .compile();
  await app.init();
  running.push(app);
  return app;
}

function startPayments(): Promise<TestingModule> {
  return start({
    imports: [forRoot({ circuits: { payments: { maxKeys: 3 } } })],
    providers: [Payments],
  });
}

function dependencies(value: object): DynamicModule {
  @Global()
  @Module({})
  class DependenciesModule {}
  return {
    module: DependenciesModule,
    providers: [{ provide: REGISTRY_DEPENDENCIES, useValue: value }],
    exports: [REGISTRY_DEPENDENCIES],
  };
}
