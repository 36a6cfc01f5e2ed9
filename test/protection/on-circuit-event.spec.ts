import { afterEach, describe, expect, it } from '@jest/globals';
import {
  Controller,
  Injectable,
  Scope,
  type OnModuleInit,
} from '@nestjs/common';
import {
  CircuitBreaker,
  CircuitBreakerRegistry,
  InjectCircuit,
  OnCircuitEvent,
  type Circuit,
  type CircuitEvent,
} from '../../lib/index.js';
import {
  closeApps,
  LogKeeper,
  plainModule,
  rootModule,
  startContext,
} from '../support/nest-app.js';

afterEach(closeApps);

@Injectable()
class Dependency {
  @CircuitBreaker('one')
  async one() {
    return 1;
  }
  @CircuitBreaker('two')
  async two() {
    throw new Error('down');
  }
}

@Injectable()
class Alerts {
  readonly told: string[] = [];

  @OnCircuitEvent('transition')
  onTransition(
    { name, from, to }: CircuitEvent<'transition'>,
    circuit: Circuit,
  ) {
    this.told.push(`${name} ${from}>${to} ${circuit.state}`);
  }

  @OnCircuitEvent(['success', 'failure'], { name: 'two' })
  onOutcome(event: CircuitEvent<'success' | 'failure'>) {
    this.told.push(`${event.name} ${event.type}`);
  }

  @OnCircuitEvent('override', { name: 'one' })
  @OnCircuitEvent('override', { name: 'two' })
  onOverride({ name, action }: CircuitEvent<'override'>) {
    this.told.push(`${name} ${action}`);
  }
}

async function start(...providers: (new () => object)[]) {
  const log = new LogKeeper();
  const app = await startContext(
    rootModule({ providers: [Dependency, ...providers] }),
    log,
  );
  await app.init();
  return { app, log, registry: app.get(CircuitBreakerRegistry) };
}

describe('@OnCircuitEvent()', () => {
  it('calls a method from the first hook of a module on, however deep the module is', async () => {
    @Injectable()
    class Maintenance implements OnModuleInit {
      @InjectCircuit('one') private readonly circuit!: Circuit;

      onModuleInit() {
        this.circuit.forceOpen('maintenance');
      }
    }
    // The hooks of the modules that are the deepest run first.
    const deepest = plainModule({ providers: [Maintenance] });
    const deep = plainModule({
      imports: [plainModule({ imports: [deepest] })],
    });
    const app = await startContext(
      rootModule({
        imports: [plainModule({ imports: [deep] })],
        providers: [Dependency, Alerts],
      }),
    );

    expect(app.get(Alerts).told).toEqual([
      'one force-open',
      'one closed>forced-open forced-open',
    ]);
  });

  it('calls a method on one kind of events of every circuit, and tells which', async () => {
    const { app, registry, log } = await start(Alerts);
    registry.get('one').tryAcquire()?.success();
    for (let calls = 0; calls < 10; calls++) {
      registry.get('one').tryAcquire()?.failure(new Error('down'));
    }

    expect(app.get(Alerts).told).toEqual(['one closed>open open']);
    expect(log).toMatchObject({
      errors: [],
      warnings: [expect.stringContaining('"one" is open')],
    });
  });

  it('calls it on several kinds, of one circuit alone', async () => {
    const { app } = await start(Alerts);
    await app.get(Dependency).one();
    await expect(app.get(Dependency).two()).rejects.toThrow('down');

    expect(app.get(Alerts).told).toEqual(['two failure']);
  });

  it('may stand on a method more than once', async () => {
    const { app, registry } = await start(Alerts);
    registry.get('one').forceClosed();
    registry.get('two').forceClosed();

    expect(app.get(Alerts).told).toEqual(
      expect.arrayContaining(['one force-closed', 'two force-closed']),
    );
  });

  it.each([
    ['one', 'success' as const],
    ['several', ['rejected', 'success'] as const],
  ])('takes %s kind(s) of events, from a decorator', async (_n, types) => {
    const told: string[] = [];
    @Injectable()
    class Told {
      @OnCircuitEvent<'success' | 'rejected'>(types)
      tell({ type }: CircuitEvent<'success' | 'rejected'>) {
        told.push(type);
      }
    }
    const { app } = await start(Told);
    await app.get(Dependency).one();

    expect(told).toEqual(['success']);
  });

  it('hears circuits that come later, and the inherited method is called on the heir', async () => {
    @Injectable()
    class MoreAlerts extends Alerts {}
    const { app, registry } = await start(MoreAlerts);
    registry.getOrCreate('later').forceOpen();

    expect(app.get(MoreAlerts).told).toEqual([
      'later closed>forced-open forced-open',
    ]);
  });

  it('logs what the method throws or rejects with, and harms no call', async () => {
    @Injectable()
    class Broken {
      @OnCircuitEvent('success')
      fail() {
        throw new Error('at once');
      }
      @OnCircuitEvent('success')
      async failLater() {
        throw new Error('later');
      }
    }
    const { app, log } = await start(Broken);

    expect(await app.get(Dependency).one()).toBe(1);
    await new Promise(setImmediate);
    expect(log.errors).toEqual([
      'Broken.fail (@OnCircuitEvent) failed: Error: at once',
      'Broken.failLater (@OnCircuitEvent) failed: Error: later',
    ]);
  });

  it('logs where the method threw, in the name of the module', async () => {
    @Injectable()
    class Broken {
      @OnCircuitEvent('success')
      fail() {
        throw new Error('at once');
      }
      @OnCircuitEvent('success')
      reject() {
        // What is no error has no stack.
        // oxlint-disable-next-line prefer-promise-reject-errors
        return Promise.reject('later');
      }
    }
    const logged: unknown[][] = [];
    const app = await startContext(
      rootModule({ providers: [Dependency, Broken] }),
      {
        log: () => {},
        warn: () => {},
        error: (...args: unknown[]) => logged.push(args),
      },
    );

    await app.get(Dependency).one();
    await new Promise(setImmediate);

    expect(logged).toEqual([
      [
        expect.stringContaining('Broken.fail'),
        expect.stringMatching(/at once\n\s+at /),
        'CircuitBreaker',
      ],
      [
        'Broken.reject (@OnCircuitEvent) failed: later',
        undefined,
        'CircuitBreaker',
      ],
    ]);
  });

  it('works in controllers, and makes a request-scoped provider for the event', async () => {
    const told: number[] = [];
    let made = 0;
    @Injectable({ scope: Scope.REQUEST })
    class Scoped {
      private readonly number = ++made;
      @OnCircuitEvent('success')
      tell() {
        told.push(this.number);
      }
    }
    @Controller()
    class Handlers {
      @OnCircuitEvent('success')
      tell() {
        told.push(0);
      }
    }
    const app = await startContext(
      rootModule({ providers: [Dependency, Scoped], controllers: [Handlers] }),
    );
    await app.get(Dependency).one();
    await app.get(Dependency).one();
    await new Promise(setImmediate);

    expect(told).toEqual([0, 0, 1, 2]);
  });

  it('calls what is in the place of the method when it happens, as a spy is', async () => {
    const { app, registry } = await start(Alerts);
    const told: string[] = [];
    app.get(Alerts).onTransition = ({ to }) => void told.push(to);

    registry.get('one').forceOpen();

    expect(told).toEqual(['forced-open']);
    expect(app.get(Alerts).told).toEqual(['one force-open']);
  });

  it('warns of a circuit that nobody declares', async () => {
    @Injectable()
    class Typo {
      @OnCircuitEvent('transition', { name: 'oen' })
      tell() {}
    }
    const { log } = await start(Typo);

    expect(log.warnings).toEqual([
      expect.stringMatching(/^Typo\.tell .*in vain.*Did you mean "one"\?/),
    ]);
  });

  it('goes silent when the application closes', async () => {
    const { app, registry } = await start(Alerts);
    const circuit = registry.get('one');
    const { told } = app.get(Alerts);
    await app.close();
    circuit.forceOpen();

    expect(told).toEqual([]);
  });
});
