import { afterEach, describe, expect, it } from '@jest/globals';
import {
  Controller,
  forwardRef,
  Inject,
  Injectable,
  Scope,
  UseGuards,
  type CanActivate,
  type INestApplicationContext,
  type Provider,
} from '@nestjs/common';
import {
  ContextIdFactory,
  ModuleRef,
  REQUEST,
  type ContextId,
  type HostComponentInfo,
} from '@nestjs/core';
import { PROPERTY_DEPS_METADATA } from '@nestjs/common/constants.js';
import { CircuitOpenException } from '../../lib/errors/circuit-open.exception.js';
import { CircuitBreaker } from '../../lib/protection/circuit-breaker.decorator.js';
import { CircuitBreakerRegistry } from '../../lib/registry/circuit-breaker.registry.js';
import {
  closeApps,
  LogKeeper,
  plainModule,
  rootModule,
  startContext,
} from '../support/nest-app.js';

/** What is tried on each kind of provider: opens at the first failure. */
class Client {
  readonly counted = { calls: 0 };

  @CircuitBreaker('client', { consecutiveFailures: 1 })
  async call(input: string): Promise<string> {
    this.counted.calls++;
    if (input === 'fail') throw new Error('down');
    return `${input} by ${this.constructor.name}`;
  }
}

afterEach(closeApps);

function circuitOf(app: INestApplicationContext, name = 'client') {
  return app.get(CircuitBreakerRegistry).get(name);
}

/** One success and one failure are counted, and then the circuit refuses without running the body. */
async function expectProtected(
  app: INestApplicationContext,
  client: Client,
): Promise<void> {
  const before = client.counted.calls;
  expect(await client.call('one')).toMatch(/^one by/);
  await expect(client.call('fail')).rejects.toThrow('down');
  await expect(client.call('two')).rejects.toBeInstanceOf(CircuitOpenException);
  expect(client.counted.calls - before).toBe(2);
  const { totals } = circuitOf(app).snapshot();
  expect(totals).toMatchObject({ successes: 1, failures: 1, rejected: 1 });
}

async function start(...providers: Provider[]) {
  return startContext(rootModule({ providers }));
}

describe('a decorated method is protected on', () => {
  it('a static provider', async () => {
    const app = await start(Client);

    await expectProtected(app, app.get(Client));
  });

  it('request-scoped providers, all on one circuit', async () => {
    const app = await start({
      provide: Client,
      useClass: Client,
      scope: Scope.REQUEST,
    });
    const first = await app.resolve(Client);
    const second = await app.resolve(Client);

    expect(first).not.toBe(second);
    await expectProtected(app, first);
    await expect(second.call('one')).rejects.toBeInstanceOf(
      CircuitOpenException,
    );
  });

  it('transient providers', async () => {
    const app = await start({
      provide: Client,
      useClass: Client,
      scope: Scope.TRANSIENT,
    });

    await expectProtected(app, await app.resolve(Client));
  });

  it('transient providers in static consumers', async () => {
    @Injectable()
    class Consumer {
      constructor(readonly client: Client) {}
    }
    const app = await start(Consumer, {
      provide: Client,
      useClass: Client,
      scope: Scope.TRANSIENT,
    });

    await expectProtected(app, app.get(Consumer).client);
  });

  it('durable providers', async () => {
    const tenants = new Map<string, ContextId>();
    ContextIdFactory.apply({
      attach(contextId, request: { tenant: string }) {
        const known = tenants.get(request.tenant) ?? ContextIdFactory.create();
        tenants.set(request.tenant, known);
        return (info: HostComponentInfo) =>
          info.isTreeDurable ? known : contextId;
      },
    });
    try {
      @Injectable({ scope: Scope.REQUEST, durable: true })
      class DurableClient extends Client {
        constructor(@Inject(REQUEST) readonly request: unknown) {
          super();
        }
      }
      const app = await start(DurableClient);
      const resolve = (tenant: string) =>
        app.resolve(DurableClient, ContextIdFactory.getByRequest({ tenant }));

      const first = await resolve('one');

      expect(await resolve('one')).toBe(first);
      expect(await resolve('two')).not.toBe(first);
      await expectProtected(app, first);
    } finally {
      ContextIdFactory.apply(undefined as never);
    }
  });

  it('a class that inherits it', async () => {
    @Injectable()
    class Special extends Client {}
    const app = await start(Special);

    await expectProtected(app, app.get(Special));
  });

  it('a class that inherits it and injects properties of its own', async () => {
    @Injectable()
    class Special extends Client {
      @Inject('url') readonly url!: string;
    }
    const app = await start(Special, { provide: 'url', useValue: 'http://x' });

    expect(app.get(Special).url).toBe('http://x');
    await expectProtected(app, app.get(Special));
  });

  it('what a factory makes', async () => {
    const app = await start({ provide: 'c', useFactory: () => new Client() });

    await expectProtected(app, app.get('c'));
  });

  it('what an asynchronous factory makes', async () => {
    const app = await start({
      provide: 'c',
      useFactory: async () => new Client(),
    });

    await expectProtected(app, app.get('c'));
  });

  it('what a factory makes with ModuleRef.create()', async () => {
    const app = await start({
      provide: 'c',
      inject: [ModuleRef],
      useFactory: (moduleRef: ModuleRef) => moduleRef.create(Client),
    });

    await expectProtected(app, app.get('c'));
  });

  it('what a factory makes for each request', async () => {
    const app = await start({
      provide: 'c',
      scope: Scope.REQUEST,
      useFactory: () => new Client(),
    });

    await expectProtected(app, await app.resolve('c'));
  });

  it('what an asynchronous factory makes for each request', async () => {
    const app = await start({
      provide: 'c',
      scope: Scope.REQUEST,
      useFactory: async () => new Client(),
    });

    await expectProtected(app, await app.resolve('c'));
  });

  it('what a transient factory makes for a static consumer', async () => {
    @Injectable()
    class Consumer {
      constructor(@Inject('c') readonly client: Client) {}
    }
    const app = await start(Consumer, {
      provide: 'c',
      scope: Scope.TRANSIENT,
      useFactory: () => new Client(),
    });

    await expectProtected(app, app.get(Consumer).client);
  });

  it('a value', async () => {
    const app = await start({ provide: 'c', useValue: new Client() });

    await expectProtected(app, app.get('c'));
  });

  it('a frozen value', async () => {
    const app = await start({
      provide: 'c',
      useValue: Object.freeze(new Client()),
    });

    expect(Object.isFrozen(app.get('c'))).toBe(true);
    await expectProtected(app, app.get('c'));
  });

  it('an instance that its constructor freezes', async () => {
    @Injectable()
    class Frozen {
      constructor() {
        Object.freeze(this);
      }
      @CircuitBreaker('client', { consecutiveFailures: 1 })
      async call(): Promise<void> {
        throw new Error('down');
      }
    }
    const app = await start(Frozen);

    // This is how another copy of the package asks.
    expect(
      Reflect.get(app.get(Frozen), Symbol.for('nestjs-breaker:module-ref')),
    ).toBeInstanceOf(ModuleRef);
    await expect(app.get(Frozen).call()).rejects.toThrow('down');
    await expect(app.get(Frozen).call()).rejects.toBeInstanceOf(
      CircuitOpenException,
    );
  });

  it('a proxy around what was made', async () => {
    const app = await start({
      provide: 'c',
      useFactory: () => new Proxy(new Client(), {}),
    });

    await expectProtected(app, app.get('c'));
  });

  it('a class behind another token, and behind an alias of it', async () => {
    const app = await start(
      { provide: 'c', useClass: Client },
      { provide: 'alias', useExisting: 'c' },
    );

    await expectProtected(app, app.get('alias'));
  });

  it('a guard, which Nest keeps beside the providers', async () => {
    @Injectable()
    class Checking extends Client implements CanActivate {
      canActivate() {
        return true;
      }
    }
    @UseGuards(Checking)
    @Controller()
    class Handlers {}
    const app = await startContext(rootModule({ controllers: [Handlers] }));

    expect(app.get(CircuitBreakerRegistry).names()).toEqual(['client']);
    await expectProtected(app, app.get(Checking, { strict: false }));
  });

  it('one of two providers that depend on each other', async () => {
    @Injectable()
    class Left extends Client {
      constructor(@Inject(forwardRef(() => Right)) readonly right: object) {
        super();
      }
    }
    @Injectable()
    class Right {
      constructor(@Inject(forwardRef(() => Left)) readonly left: object) {}
    }
    const app = await start(Left, Right);

    expect(app.get(Right).left).toBe(app.get(Left));
    await expectProtected(app, app.get(Left));
  });
});

describe('other providers', () => {
  it('may have no prototype, and are left as they are', async () => {
    const bare = Object.create(null) as object;
    class Rootless {
      own() {}
    }
    Object.setPrototypeOf(Rootless.prototype, null);
    const app = await start(
      { provide: 'bare', useValue: bare },
      { provide: 'rootless', useValue: new Rootless() },
    );

    expect(Reflect.ownKeys(app.get<object>('bare'))).toEqual([]);
    expect(Reflect.ownKeys(app.get<object>('rootless'))).toEqual([]);
  });
});

describe('inside a class', () => {
  it('nothing is added to what an instance shows', async () => {
    const app = await start(
      { provide: 'class', useClass: Client },
      { provide: 'value', useValue: new Client() },
    );

    for (const token of ['class', 'value']) {
      const shown = { ...app.get<Client>(token) };
      expect(shown).toStrictEqual({ counted: { calls: 0 } });
      expect(Object.getOwnPropertySymbols(shown)).toEqual([]);
    }
  });

  it('Nest injects one property, however many methods are decorated', () => {
    class Service {
      @CircuitBreaker()
      async one() {}
      @CircuitBreaker()
      async two() {}
    }

    expect(Reflect.getMetadata(PROPERTY_DEPS_METADATA, Service)).toHaveLength(
      1,
    );
  });

  it('`this`, private fields and other decorated methods are what they were', async () => {
    @Injectable()
    class Service {
      #secret = 41;
      @CircuitBreaker()
      async outer(add: number): Promise<number> {
        return (await this.inner(add)) + this.#twice(0);
      }
      @CircuitBreaker()
      async inner(add: number): Promise<number> {
        return this.#secret + add;
      }
      #twice(value: number) {
        return value * 2;
      }
    }
    const app = await start(Service);

    expect(await app.get(Service).outer(1)).toBe(42);
    for (const name of ['Service.outer', 'Service.inner']) {
      expect(circuitOf(app, name).snapshot().totals.successes).toBe(1);
    }
  });

  it('an overridden method is protected, and `super` is, too', async () => {
    @Injectable()
    class Special extends Client {
      @CircuitBreaker('special')
      override async call(input: string): Promise<string> {
        return `special ${await super.call(input)}`;
      }
    }
    const app = await start(Special);

    expect(await app.get(Special).call('one')).toBe('special one by Special');
    for (const name of ['special', 'client']) {
      expect(circuitOf(app, name).snapshot().totals.calls).toBe(1);
    }
  });

  it('a call that reaches the same circuit again with `super` is counted once', async () => {
    @Injectable()
    class Special extends Client {
      @CircuitBreaker('client')
      override async call(input: string): Promise<string> {
        return `special ${await super.call(input)}`;
      }
    }
    const app = await start(Special);

    expect(await app.get(Special).call('one')).toBe('special one by Special');
    expect(circuitOf(app).snapshot().totals.calls).toBe(1);
  });

  it('an override without a decorator is not protected, `super` is', async () => {
    @Injectable()
    class Special extends Client {
      override async call(input: string): Promise<string> {
        return input === 'local' ? 'local' : super.call(input);
      }
    }
    const app = await start(Special);

    expect(await app.get(Special).call('local')).toBe('local');
    expect(circuitOf(app).snapshot().totals.calls).toBe(0);
    await app.get(Special).call('one');
    expect(circuitOf(app).snapshot().totals.calls).toBe(1);
  });

  it('a method can be called on any instance of the class', async () => {
    const app = await start(
      { provide: 'one', useValue: new Client() },
      { provide: 'two', useFactory: () => new Client() },
    );

    await app.get<Client>('one').call('a');
    await app.get<Client>('two').call('b');

    expect(circuitOf(app).snapshot().totals.calls).toBe(2);
  });
});

describe('two applications in one process', () => {
  it('share nothing but the class', async () => {
    const one = await start(Client);
    const two = await start(Client);

    await expectProtected(one, one.get(Client));
    await expectProtected(two, two.get(Client));
    await expect(one.get(Client).call('a')).rejects.toBeInstanceOf(
      CircuitOpenException,
    );
  });

  it('cannot share an object: the start of the second one says so', async () => {
    const shared = new Client();
    await start({ provide: 'c', useValue: shared });

    await expect(start({ provide: 'c', useValue: shared })).rejects.toThrow(
      /instance of Client.*two running applications/,
    );
  });

  it('may share an object of one that has not this module, which is told that it is missing', async () => {
    const without = await startContext(plainModule({ providers: [Client] }));
    const shared = without.get(Client);
    const log = new LogKeeper();

    const app = await startContext(
      rootModule({ providers: [{ provide: 'c', useValue: shared }] }),
      log,
    );

    expect(log.errors).toEqual([
      expect.stringMatching(/^@CircuitBreaker\(\) is to be protected/),
    ]);
    await expectProtected(app, shared);
  });

  it('cannot share a frozen object either', async () => {
    const shared = Object.freeze(new Client());
    await start({ provide: 'c', useFactory: () => shared });

    await expect(start({ provide: 'c', useValue: shared })).rejects.toThrow(
      /two running applications/,
    );
  });

  it('may share an object one after the other', async () => {
    const shared = new Client();
    const first = await start({ provide: 'c', useValue: shared });
    await first.close();

    const second = await start({ provide: 'c', useValue: shared });

    await expectProtected(second, shared);
  });

  it('may share an object if the first one did not start', async () => {
    const shared = new Client();
    class Mistaken {
      @CircuitBreaker('mistaken', { settleOn: 'last' as never })
      async call() {}
    }
    await expect(
      start(
        { provide: 'c', useValue: shared },
        {
          provide: 'mistaken',
          inject: [CircuitBreakerRegistry],
          useFactory: () => new Mistaken(),
        },
      ),
    ).rejects.toThrow(/settleOn/);

    const app = await start({ provide: 'c', useValue: shared });

    await expectProtected(app, shared);
  });

  it('may share what factories hand out one after the other', async () => {
    const shared = new Client();
    const provider: Provider = {
      provide: 'c',
      scope: Scope.REQUEST,
      useFactory: () => shared,
    };
    const first = await start(provider);
    await first.resolve('c');
    await first.close();

    const second = await start(provider);

    await expectProtected(second, await second.resolve('c'));
  });

  it('leave an object to its first application when a factory of the second one hands it out', async () => {
    const shared = new Client();
    const first = await start({ provide: 'c', useValue: shared });
    const second = await start({
      provide: 'c',
      scope: Scope.REQUEST,
      useFactory: () => shared,
    });

    expect(await second.resolve('c')).toBe(shared);

    await expectProtected(first, shared);
  });

  it('leave an object to its first application when the second one fails to start', async () => {
    const shared = new Client();
    const first = await start({ provide: 'c', useValue: shared });
    await start({ provide: 'c', useValue: shared }).catch(() => {});

    await expectProtected(first, shared);
  });

  it('an object may be a provider of one application twice', async () => {
    const shared = new Client();
    const app = await start(
      { provide: 'one', useValue: shared },
      { provide: 'two', useFactory: () => shared },
    );

    await expectProtected(app, app.get('two'));
  });
});
