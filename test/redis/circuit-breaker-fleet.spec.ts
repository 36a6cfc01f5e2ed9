import {
  afterEach,
  beforeEach,
  describe,
  expect,
  it,
  jest,
} from '@jest/globals';
import { Injectable, Logger, Module } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { CircuitBreakerModule } from '../../lib/circuit-breaker.module.js';
import {
  CircuitBreakerFleet,
  CircuitBreakerFleetModule,
  type CircuitBreakerFleetOptions,
  type CircuitBreakerFleetOptionsFactory,
} from '../../lib/redis/index.js';
import { CircuitBreakerRegistry } from '../../lib/registry/circuit-breaker.registry.js';
import { FakeServer } from './fake-redis.js';

const LOGGER = { log() {}, warn() {}, error() {} };
const SETTINGS = { flushInterval: 2, pollInterval: 20, timeout: 1_000 };

let server: FakeServer;
const closing: (() => Promise<unknown>)[] = [];

async function registryOf(): Promise<CircuitBreakerRegistry> {
  const module = await Test.createTestingModule({
    imports: [CircuitBreakerModule.forRoot({ circuits: { payments: {} } })],
  }).compile();
  closing.push(() => module.close());
  return module.get(CircuitBreakerRegistry);
}

/** An instance of the application, on the server of the test. */
async function start() {
  const registry = await registryOf();
  const redis = server.connect();
  const logged: string[] = [];
  const log = (message: string) => void logged.push(message);
  const fleet = new CircuitBreakerFleet(
    registry,
    { client: redis.client, ...SETTINGS },
    { log, warn: log, error: log },
  );
  closing.push(() => fleet.close());
  return { registry, redis, fleet, logged };
}

async function until(holds: () => boolean): Promise<void> {
  for (const end = Date.now() + 8_000; !holds();) {
    if (Date.now() > end) throw new Error('not within eight seconds');
    await new Promise(resolve => setTimeout(resolve, 2));
  }
}

beforeEach(() => {
  server = new FakeServer();
});

afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close();
});

describe('CircuitBreakerFleet', () => {
  it('shares the circuits of a registry, those of a name with all its keys', async () => {
    const [one, two] = [await start(), await start()];
    const keyed = two.registry.keyed('payments', 'k');
    one.registry.keyed('payments', 'k');
    two.registry.get('payments');
    await until(() => two.fleet.status.instances === 2);
    expect(one.logged).toEqual([
      'Fleet "circuit-breaker": joined, circuits are shared.',
    ]);
    one.registry.configure('payments', { minimumCalls: 7 });
    await until(() => keyed.rules.minimumCalls === 7);
    expect(two.registry.get('payments').rules.minimumCalls).toBe(7);
    expect(two.registry.keyed('payments', 'later').rules.minimumCalls).toBe(7);
  });

  it('shares what was changed of one keyed circuit for that alone', async () => {
    const [one, two] = [await start(), await start()];
    const keyed = two.registry.keyed('payments', 'k');
    const plain = two.registry.get('payments');
    await until(() => two.fleet.status.instances === 2);
    const { minimumCalls } = plain.rules;
    one.registry.keyed('payments', 'k').configure({ minimumCalls: 7 });
    await until(() => keyed.rules.minimumCalls === 7);
    expect(plain.rules.minimumCalls).toBe(minimumCalls);
  });

  it('leaves the registry to itself once it is closed', async () => {
    const { registry, redis, fleet } = await start();
    await until(() => fleet.status.joined);
    expect(registry.sharedView).toEqual(fleet.status);
    await fleet.close();
    expect(registry.sharedView).toBeNull();
    expect(redis.commands.disconnected).toBe(1);
    const { length } = redis.commands.commands;
    await new Promise(resolve => setTimeout(resolve, 15));
    expect(redis.commands.commands).toHaveLength(length);
  });

  it('keeps no process alive', async () => {
    const timers: NodeJS.Timeout[] = [];
    const { setTimeout } = globalThis;
    const spy = jest.spyOn(globalThis, 'setTimeout');
    spy.mockImplementation(((...args: Parameters<typeof setTimeout>) => {
      const timer = setTimeout(...args);
      if (args[1] === SETTINGS.flushInterval) timers.push(timer);
      return timer;
    }) as never);
    const { fleet } = await start();
    spy.mockRestore();
    expect(timers.map(timer => timer.hasRef())).toEqual([false]);
    const clear = jest.spyOn(globalThis, 'clearTimeout');
    await fleet.close();
    expect(clear).toHaveBeenCalled();
    clear.mockRestore();
  });

  it('tells the log of Nest under its name', async () => {
    const registry = await registryOf();
    const told: unknown[][] = [];
    Logger.overrideLogger({
      ...LOGGER,
      log: (...args: unknown[]) => void told.push(args),
    });
    const { client } = server.connect();
    const fleet = new CircuitBreakerFleet(registry, { client, ...SETTINGS });
    closing.push(() => fleet.close());
    await until(() => fleet.status.joined);
    Logger.overrideLogger(true);
    expect(told).toEqual([
      [expect.stringContaining('joined'), 'CircuitBreakerFleet'],
    ]);
  });

  it('says which options are bad, and whose', async () => {
    const registry = await registryOf();
    const make = (options: CircuitBreakerFleetOptions) => () =>
      new CircuitBreakerFleet(registry, options, LOGGER);
    expect(make({ quorum: 0 })).toThrow(
      /CircuitBreakerFleetModule[\s\S]*quorum/,
    );
    expect(make({})).toThrow(
      /CircuitBreakerFleetModule[\s\S]*connection: is missing: give `connection` \(a URL such as 'redis:\/\/localhost:6379', or settings for ioredis\) or `client` \(a client of ioredis\)/,
    );
    expect(registry.sharedView).toBeNull();
  });
});

async function application(
  fleet: Parameters<typeof Test.createTestingModule>[0]['imports'],
) {
  const module = await Test.createTestingModule({
    imports: [CircuitBreakerModule.forRoot(), ...fleet!],
  })
    .setLogger(LOGGER)
    .compile();
  return module.init();
}

describe('CircuitBreakerFleetModule', () => {
  it('takes its options from other providers, can be injected, and lets go with the application', async () => {
    @Injectable()
    class Settings implements CircuitBreakerFleetOptionsFactory {
      create(): CircuitBreakerFleetOptions {
        return { client: server.connect().client, ...SETTINGS };
      }
    }
    @Injectable()
    class StatusPage {
      constructor(readonly fleet: CircuitBreakerFleet) {}
    }
    @Module({
      imports: [CircuitBreakerFleetModule.forRootAsync({ useClass: Settings })],
      providers: [StatusPage],
    })
    class Feature {}
    const app = await application([Feature]);
    const { fleet } = app.get(StatusPage, { strict: false });
    await until(() => fleet.status.joined);
    await app.close();
    expect(fleet.status).toMatchObject({
      joined: false,
      reason: 'this instance has left',
    });
  });

  it('says what to import where there are no circuits', async () => {
    const { client } = server.connect();
    const imports = [CircuitBreakerFleetModule.forRoot({ client })];
    await expect(
      Test.createTestingModule({ imports }).compile(),
    ).rejects.toThrow(
      'CircuitBreakerFleetModule found no circuits to share. Import CircuitBreakerModule.forRoot() in the root module, too, and leave it global.',
    );
  });
});
