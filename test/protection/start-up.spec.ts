import { afterEach, describe, expect, it } from '@jest/globals';
import {
  Controller,
  Global,
  Injectable,
  Module,
  type OnModuleInit,
  type Provider,
} from '@nestjs/common';
import { LazyModuleLoader } from '@nestjs/core';
import { Test } from '@nestjs/testing';
import { InvalidOptionsError } from '../../lib/errors/invalid-options.error.js';
import { CircuitBreaker } from '../../lib/protection/circuit-breaker.decorator.js';
import { CircuitBreakerRegistry } from '../../lib/registry/circuit-breaker.registry.js';
import { CircuitBreakerModule } from '../../lib/circuit-breaker.module.js';
import {
  closeApps,
  LogKeeper,
  plainModule,
  rootModule,
  startContext,
  startHttp,
} from '../support/nest-app.js';

/** Decorates with what TypeScript would refuse. */
const decorateWith = CircuitBreaker as unknown as (
  name: string,
  options: object,
) => MethodDecorator & ClassDecorator;

afterEach(closeApps);

function start(...providers: Provider[]) {
  return startContext(rootModule({ providers }));
}

/** What stops the start, one problem a line. */
async function problemsOf(...providers: Provider[]): Promise<string[]> {
  const error: unknown = await start(...providers).catch(
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(InvalidOptionsError);
  return (error as InvalidOptionsError).problems.map(
    ({ path, message }) => `${path}: ${message}`,
  );
}

describe('mistakes in decorators stop the start, all in one error', () => {
  it('names the closest option, of the circuit as of the call', async () => {
    class Client {
      @decorateWith('one', { failureRateTreshold: 0.5 })
      async one() {}
      @decorateWith('two', { falback: 'one' })
      async two() {}
    }

    const problems = await problemsOf(Client);

    expect(problems).toHaveLength(2);
    expect(problems[0]).toMatch(
      /^Client\.one: failureRateTreshold: .*failureRateThreshold/,
    );
    expect(problems[1]).toMatch(/^Client\.two: falback: .*fallback/);
  });

  it('tells every bad value, of the circuit as of the call', async () => {
    class Client {
      @decorateWith('one', { minimumCalls: 0, settleOn: 'last' })
      async one() {}
      @decorateWith('two', { isFailureResult: true })
      async two() {}
    }
    @decorateWith('three', { openDuration: 'soon' })
    class Other {
      @CircuitBreaker()
      async three() {}
    }

    const problems = await problemsOf(Client, Other);

    expect(problems).toHaveLength(4);
    expect(problems.join('\n')).toMatch(/Client\.one: minimumCalls: got 0/);
    expect(problems.join('\n')).toMatch(/Client\.one: settleOn: got 'last'/);
    expect(problems.join('\n')).toMatch(
      /Client\.two: isFailureResult: got true/,
    );
    expect(problems.join('\n')).toMatch(
      /Other\.three: openDuration: got 'soon'/,
    );
  });

  it.each([
    ['a number', 5],
    ['a list', []],
    ['a text', 'text'],
  ])('refuses %s in the place of options', async (_name, options) => {
    class Client {
      @decorateWith('one', options as object)
      async one() {}
    }

    expect((await problemsOf(Client))[0]).toMatch(/^Client\.one: options: got/);
  });

  it('judges the options of a circuit together with those that lie under them', async () => {
    class Client {
      @decorateWith('one', { openDuration: { multiplier: 2 } })
      async one() {}
    }
    const circuits = { one: { openDuration: { initial: 10, multiplier: 3 } } };
    const app = await startContext(
      plainModule({
        imports: [CircuitBreakerModule.forRoot({ circuits })],
        providers: [Client],
      }),
    );

    const { rules } = app.get(CircuitBreakerRegistry).get('one');
    expect(rules.openDuration).toEqual({ initial: 10, multiplier: 2 });
  });

  it('refuses an empty name', async () => {
    class Client {
      @CircuitBreaker(' ')
      async one() {}
    }

    expect((await problemsOf(Client))[0]).toMatch(
      /^Client\.one: name: got ' '/,
    );
  });

  it('refuses two decorators that disagree about a circuit', async () => {
    class Client {
      @CircuitBreaker('shared', { minimumCalls: 5 })
      async one() {}
      @CircuitBreaker('shared', { minimumCalls: 6 })
      async two() {}
    }

    expect((await problemsOf(Client))[0]).toMatch(
      /^Client\.two: minimumCalls: got 6, but Client\.one gives 5/,
    );
  });

  it('refuses a default name that two classes would share, and asks for a name', async () => {
    const one = (() => {
      class Client {
        @CircuitBreaker()
        async call() {}
      }
      return Client;
    })();
    const two = (() => {
      class Client {
        @CircuitBreaker()
        async call() {}
      }
      return Client;
    })();

    expect(await problemsOf(one, two)).toEqual([
      expect.stringMatching(
        /^Client\.call: two classes of this name.*give each a name: @CircuitBreaker\('a-name'\)$/,
      ),
    ]);
  });

  it('finds mistakes without init(), as many tests start', async () => {
    class Client {
      @decorateWith('one', { fallback: 'gone' })
      async one() {}
    }

    await expect(
      Test.createTestingModule({
        imports: [CircuitBreakerModule.forRoot()],
        providers: [Client],
      }).compile(),
    ).rejects.toThrow(/Client\.one: fallback: /);
  });

  it('passes on what is no mistake in options', async () => {
    class Client {
      @CircuitBreaker('one')
      async one() {}
    }
    const broken = new Error('the registry is broken');

    await expect(
      start({
        provide: 'client',
        inject: [CircuitBreakerRegistry],
        useFactory: (registry: CircuitBreakerRegistry) => {
          registry.declare = () => {
            throw broken;
          };
          return new Client();
        },
      }),
    ).rejects.toBe(broken);
  });

  it('finds mistakes in what only a factory knows', async () => {
    class Client {
      @decorateWith('one', { settleOn: 'last' })
      async one() {}
      @decorateWith('two', { minimumCalls: 0 })
      async two() {}
    }

    const problems = await problemsOf({
      provide: 'client',
      // Made after the registry, which could not see it.
      inject: [CircuitBreakerRegistry],
      useFactory: () => new Client(),
    });

    expect(problems).toHaveLength(2);
    expect(problems[0]).toMatch(/^Client\.one: settleOn: got 'last'/);
    expect(problems[1]).toMatch(/^Client\.two: minimumCalls: got 0/);
  });
});

describe('a fallback that is named by a method', () => {
  it('must exist; the closest name is told', async () => {
    class Client {
      @decorateWith('one', { fallback: 'quueLater' })
      async one() {}
      queueLater() {}
    }

    expect(await problemsOf(Client)).toEqual([
      expect.stringMatching(
        /^Client\.one: fallback: the class has no method 'quueLater'; did you mean 'queueLater'\?/,
      ),
    ]);
  });

  it('must be a method', async () => {
    class Client {
      @decorateWith('one', { fallback: ['count', 'constructor'] })
      async one() {}
      count = 1;
    }

    expect(await problemsOf(Client)).toHaveLength(2);
  });

  it('may be a method that a getter answers with, which is not called to see', async () => {
    let asked = 0;
    class Client {
      @decorateWith('one', { fallback: 'orElse' })
      async one(): Promise<string> {
        throw new Error('down');
      }
      get orElse() {
        asked++;
        return () => 'got';
      }
    }
    const app = await start(Client);

    expect(asked).toBe(0);
    expect(await app.get(Client).one()).toBe('got');
  });

  it.each([
    ['no function', { value: 'text' }],
    ['only set', { set: () => {} }],
  ])('must not be %s', async (_what, descriptor) => {
    class Client {
      @decorateWith('one', { fallback: 'orElse' })
      async one() {}
    }
    Object.defineProperty(Client.prototype, 'orElse', descriptor);

    expect((await problemsOf(Client))[0]).toMatch(/has no method 'orElse'/);
  });

  it.each([
    ['the constructor', 'constructr'],
    ['what every object has', 'toStrin'],
  ])('is not thought to mean %s', async (_what, fallback) => {
    class Client {
      @decorateWith('one', { fallback })
      async one() {}
    }

    expect((await problemsOf(Client))[0]).toMatch(
      /has no method '\w+'; name a public method/,
    );
  });

  it('must be of the class, not of every object', async () => {
    class Client {
      @decorateWith('one', { fallback: 'toString' })
      async one() {}
    }

    expect((await problemsOf(Client))[0]).toMatch(/has no method 'toString'/);
  });

  it('must not be the protected method itself', async () => {
    class Client {
      @decorateWith('one', { fallback: 'one' })
      async one() {}
    }

    expect((await problemsOf(Client))[0]).toMatch(
      /'one' is the protected method itself/,
    );
  });

  it('must not go through the same circuit', async () => {
    class Client {
      @decorateWith('shared', { fallback: { on: Error, use: 'two' } })
      async one() {}
      @CircuitBreaker('shared')
      async two() {}
    }

    expect((await problemsOf(Client))[0]).toMatch(
      /'two' goes through the same circuit "shared"/,
    );
  });

  it('may go through another circuit', async () => {
    class Client {
      @decorateWith('first', { fallback: 'two' })
      async one(): Promise<string> {
        throw new Error('down');
      }
      @CircuitBreaker('second')
      async two(): Promise<string> {
        return 'answer of the second';
      }
    }
    const app = await start(Client);

    expect(await app.get(Client).one()).toBe('answer of the second');
  });

  it('may be inherited, or come with the class that inherits', async () => {
    abstract class Base {
      @decorateWith('base', { fallback: 'orElse' })
      async load(): Promise<string> {
        throw new Error('down');
      }
      abstract orElse(): string;
    }
    class Derived extends Base {
      orElse() {
        return 'derived';
      }
    }
    const app = await start(Derived, {
      provide: Base,
      useFactory: () => new Derived(),
    });

    expect(await app.get(Derived).load()).toBe('derived');
    expect(await app.get(Base).load()).toBe('derived');
  });

  it('is checked although a factory may make something else under the same token', async () => {
    class Client {
      @decorateWith('one', { fallback: 'gone' })
      async one() {}
    }

    expect(
      await problemsOf(
        { provide: Client, useFactory: () => ({}) },
        { provide: 'other', useClass: Client },
      ),
    ).toHaveLength(1);
  });

  it('of a class decorator is checked too', async () => {
    @decorateWith('ctrl', { fallback: 'gone' })
    @Controller()
    class Handlers {
      @CircuitBreaker()
      async one() {}
    }

    expect((await problemsOf(Handlers))[0]).toMatch(
      /^Handlers\.one: fallback: the class has no method 'gone'/,
    );
  });
});

describe('before the application has started', () => {
  it('calls in onModuleInit of any module are protected', async () => {
    const seen: unknown[] = [];
    class Client {
      @CircuitBreaker('early', { consecutiveFailures: 1 })
      async call() {
        throw new Error('down');
      }
    }
    @Injectable()
    class Eager implements OnModuleInit {
      constructor(private readonly client: Client) {}
      async onModuleInit() {
        await this.client.call().catch((error: Error) => seen.push(error.name));
        await this.client.call().catch((error: Error) => seen.push(error.name));
      }
    }
    @Global()
    @Module({ providers: [Client, Eager] })
    class EagerModule {}

    await startContext(
      plainModule({ imports: [EagerModule, CircuitBreakerModule.forRoot()] }),
    );

    expect(seen).toEqual(['Error', 'CircuitOpenException']);
  });

  it('values are protected in onModuleInit of any module, where there is HTTP', async () => {
    class Client {
      @CircuitBreaker('early')
      async call() {}
    }
    const client = new Client();
    @Global()
    @Module({ providers: [{ provide: 'client', useValue: client }] })
    class EagerModule implements OnModuleInit {
      onModuleInit() {
        return client.call();
      }
    }
    const { app } = await startHttp(
      plainModule({ imports: [EagerModule, CircuitBreakerModule.forRoot()] }),
    );

    const { totals } = app.get(CircuitBreakerRegistry).get('early').snapshot();
    expect(totals.calls).toBe(1);
  });

  it('a call that comes before the registry passes, and the next one is protected', async () => {
    class Client {
      @CircuitBreaker('early')
      async call() {
        return 'answer';
      }
    }
    const app = await startContext(
      plainModule({
        imports: [
          plainModule({
            providers: [
              Client,
              {
                provide: 'first',
                inject: [Client],
                useFactory: (client: Client) => client.call(),
              },
            ],
            exports: [Client],
          }),
          CircuitBreakerModule.forRoot(),
        ],
      }),
    );

    await app.get(Client).call();

    const { totals } = app.get(CircuitBreakerRegistry).get('early').snapshot();
    expect(totals.calls).toBe(1);
  });

  it('methods of a module that is loaded later are protected', async () => {
    class Client {
      @CircuitBreaker('lazy', { consecutiveFailures: 1 })
      async call() {
        throw new Error('down');
      }
    }
    const app = await startContext(rootModule({}));
    const lazy = await app
      .get(LazyModuleLoader)
      .load(() => plainModule({ providers: [Client] }));

    await expect(lazy.get(Client).call()).rejects.toThrow('down');
    await expect(lazy.get(Client).call()).rejects.toThrow(/is open/);
    expect(app.get(CircuitBreakerRegistry).get('lazy').state).toBe('open');
  });

  it('methods are protected without init(), as many tests start', async () => {
    class Client {
      @CircuitBreaker('tested', { consecutiveFailures: 1 })
      async call() {
        throw new Error('down');
      }
    }
    const app = await Test.createTestingModule({
      imports: [CircuitBreakerModule.forRoot()],
      providers: [Client],
    }).compile();

    await expect(app.get(Client).call()).rejects.toThrow('down');
    await expect(app.get(Client).call()).rejects.toThrow(/is open/);
  });
});

describe('an application that forgot the module', () => {
  it('is told so in the name of the module', async () => {
    class Client {
      @CircuitBreaker()
      async call() {}
    }
    const told: unknown[] = [];
    const app = await startContext(plainModule({ providers: [Client] }), {
      log: () => {},
      warn: () => {},
      error: (...args: unknown[]) => told.push(args.at(-1)),
    });

    await app.get(Client).call();

    expect(told).toEqual(['CircuitBreaker']);
  });

  it('runs unprotected, and one error in its log names forRoot()', async () => {
    class Client {
      @CircuitBreaker('forgotten', { consecutiveFailures: 1 })
      async call() {
        throw new Error('down');
      }
    }
    class Other {
      @CircuitBreaker()
      value(): number {
        return 1;
      }
    }
    const log = new LogKeeper();
    const app = await startContext(
      plainModule({
        imports: [plainModule({ providers: [Other] })],
        providers: [Client],
      }),
      log,
    );

    for (let i = 0; i < 3; i++) {
      await expect(app.get(Client).call()).rejects.toThrow('down');
      expect(app.get(Other, { strict: false }).value()).toBe(1);
    }

    expect(log.errors).toEqual([
      expect.stringMatching(
        /^Client\.call .*CircuitBreakerModule\.forRoot\(\)/,
      ),
    ]);
  });

  it('says nothing before the first call', async () => {
    class Client {
      @CircuitBreaker()
      async call() {}
    }
    const log = new LogKeeper();

    await startContext(plainModule({ providers: [Client] }), log);

    expect(log.errors).toEqual([]);
  });
});
