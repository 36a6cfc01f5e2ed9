import { afterEach, describe, expect, it } from '@jest/globals';
import { Injectable, type Provider } from '@nestjs/common';
import { CircuitBreaker } from '../../lib/protection/circuit-breaker.decorator.js';
import { CircuitBreakerRegistry } from '../../lib/registry/circuit-breaker.registry.js';
import { closeApps, rootModule, startContext } from '../support/nest-app.js';

afterEach(closeApps);

async function start(...providers: Provider[]) {
  const app = await startContext(rootModule({ providers }));
  return { app, registry: app.get(CircuitBreakerRegistry) };
}

describe('the name of a circuit', () => {
  it('is that of the class and the method when none is given', async () => {
    @Injectable()
    class Rates {
      @CircuitBreaker()
      async current() {}
      @CircuitBreaker({ minimumCalls: 5 })
      async yesterday() {}
      @CircuitBreaker(undefined, { minimumCalls: 6 })
      async [Symbol('later')]() {}
    }
    const { registry } = await start(Rates);

    expect(registry.names()).toEqual([
      'Rates.current',
      'Rates.yesterday',
      'Rates.Symbol(later)',
    ]);
  });

  it('is known before the first call, also of request-scoped classes', async () => {
    @Injectable({ scope: 2 })
    class Scoped {
      @CircuitBreaker('scoped', { minimumCalls: 7 })
      async call() {}
    }
    const { registry } = await start(Scoped);

    expect(registry.get('scoped').rules.minimumCalls).toBe(7);
  });

  it('is known before the first call of what a factory makes', async () => {
    class Made {
      @CircuitBreaker('made', { minimumCalls: 7 })
      async call() {}
    }
    const { registry } = await start({
      provide: 'made',
      useFactory: () => new Made(),
    });

    expect(registry.get('made').rules.minimumCalls).toBe(7);
  });

  it('of an inherited method is that of the inheriting class, so that two do not share a circuit', async () => {
    abstract class Client {
      @CircuitBreaker({ consecutiveFailures: 1 })
      async call() {
        throw new Error('down');
      }
    }
    @Injectable()
    class Users extends Client {}
    @Injectable()
    class Orders extends Client {}
    const { app, registry } = await start(Users, Orders);

    await app
      .get(Users)
      .call()
      .catch(() => {});

    expect(registry.names()).toEqual(['Users.call', 'Orders.call']);
    expect(registry.get('Users.call').state).toBe('open');
    expect(registry.get('Orders.call').state).toBe('closed');
    await expect(app.get(Orders).call()).rejects.toThrow('down');
  });

  it('of a method that is only reached with `super` is that of the class it is written in', async () => {
    class Client {
      @CircuitBreaker()
      async call() {}
    }
    @Injectable()
    class Users extends Client {
      @CircuitBreaker()
      override async call() {
        await super.call();
      }
    }
    const { app, registry } = await start(Users);

    await app.get(Users).call();

    expect(registry.names()).toEqual(['Users.call', 'Client.call']);
    for (const { totals } of registry.snapshot()) expect(totals.calls).toBe(1);
  });

  it('of such a method may be shared by all that reach it with `super`', async () => {
    class Client {
      @CircuitBreaker()
      async call() {}
    }
    @Injectable()
    class Users extends Client {
      @CircuitBreaker()
      override async call() {
        await super.call();
      }
    }
    @Injectable()
    class Orders extends Client {
      @CircuitBreaker()
      override async call() {
        await super.call();
      }
    }
    const { app, registry } = await start(Users, Orders);

    await app.get(Users).call();
    await app.get(Orders).call();

    expect(registry.get('Client.call').snapshot().totals.calls).toBe(2);
  });

  it('of a class without a name is that of the class below', async () => {
    class Client {
      @CircuitBreaker()
      async call() {}
    }
    const { registry } = await start({
      provide: 'client',
      useClass: (() => class extends Client {})(),
    });

    expect(registry.names()).toEqual(['Client.call']);
  });

  it('of a class that has no name at all says so', async () => {
    const decorate = CircuitBreaker() as MethodDecorator;
    const anonymous = (() =>
      class {
        async call() {}
      })();
    const descriptor = Object.getOwnPropertyDescriptor(
      anonymous.prototype,
      'call',
    )!;
    decorate(anonymous.prototype, 'call', descriptor);
    Object.defineProperty(anonymous.prototype, 'call', descriptor);
    const { registry } = await start({
      provide: 'client',
      useClass: anonymous,
    });

    expect(registry.names()).toEqual(['anonymous class.call']);
  });

  it('may be given to methods of several classes, which then share the circuit', async () => {
    @Injectable()
    class Reads {
      @CircuitBreaker('database', { consecutiveFailures: 1 })
      async load() {
        throw new Error('down');
      }
    }
    @Injectable()
    class Writes {
      @CircuitBreaker('database')
      async save() {}
    }
    const { app, registry } = await start(Reads, Writes);

    await app
      .get(Reads)
      .load()
      .catch(() => {});

    expect(registry.names()).toEqual(['database']);
    await expect(app.get(Writes).save()).rejects.toThrow(/"database" is open/);
  });
});

describe('@CircuitBreaker() on a class', () => {
  it('names the circuit that its decorated methods share', async () => {
    @CircuitBreaker('rates', { minimumCalls: 7 })
    @Injectable()
    class Rates {
      @CircuitBreaker()
      async current() {}
      @CircuitBreaker()
      async yesterday() {}
      async unprotected() {}
    }
    const { app, registry } = await start(Rates);
    const rates = app.get(Rates);

    await rates.current();
    await rates.yesterday();
    await rates.unprotected();

    expect(registry.names()).toEqual(['rates']);
    expect(registry.get('rates').rules.minimumCalls).toBe(7);
    expect(registry.get('rates').snapshot().totals.calls).toBe(2);
  });

  it('gives the options that its methods do not have', async () => {
    @Injectable()
    @CircuitBreaker({
      minimumCalls: 7,
      halfOpen: { calls: 4, concurrency: 2 },
      fallback: () => 'of the class',
    })
    class Rates {
      @CircuitBreaker({ halfOpen: { calls: 5 } })
      async current(): Promise<string> {
        throw new Error('down');
      }
      @CircuitBreaker({ fallback: () => 'of the method' })
      async yesterday(): Promise<string> {
        throw new Error('down');
      }
    }
    const { app, registry } = await start(Rates);
    const { rules } = registry.get('Rates.current');

    expect(rules.minimumCalls).toBe(7);
    expect(rules.halfOpen).toMatchObject({ calls: 5, concurrency: 2 });
    expect(await app.get(Rates).current()).toBe('of the class');
    expect(await app.get(Rates).yesterday()).toBe('of the method');
  });

  it('reaches the methods that the class inherits, and the classes that extend it', async () => {
    class Client {
      @CircuitBreaker()
      async call() {}
    }
    @CircuitBreaker('users')
    class Users extends Client {}
    @Injectable()
    class Admins extends Users {}
    const { registry } = await start(Admins);

    expect(registry.names()).toEqual(['users']);
  });

  it('leaves the methods of a class that it extends alone', async () => {
    class Client {
      @CircuitBreaker()
      async call() {}
    }
    @CircuitBreaker('users')
    @Injectable()
    class Users extends Client {}
    @Injectable()
    class Orders extends Client {}
    const { registry } = await start(Users, Orders);

    expect(registry.names()).toEqual(['users', 'Orders.call']);
  });

  it('works on a class that a decorator below puts in the place of the first', async () => {
    @CircuitBreaker('rates')
    @wrapped()
    @Injectable()
    class Rates {
      @CircuitBreaker()
      async current() {}
    }
    const { registry } = await start(Rates);

    expect(registry.names()).toEqual(['rates']);
  });
});

/** Puts a proxy in the class's place, as tracing libraries do. */
function wrapped(): ClassDecorator {
  return target => new Proxy(target, {}) as typeof target;
}
