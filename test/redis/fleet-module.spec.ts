import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Module } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { Redis } from 'ioredis';
import type { Circuit } from '../../lib/circuit/circuit.js';
import { CircuitBreakerModule } from '../../lib/circuit-breaker.module.js';
import { CircuitBreakerRegistry } from '../../lib/registry/circuit-breaker.registry.js';
import {
  CircuitBreakerFleet,
  CircuitBreakerFleetModule,
  type CircuitBreakerFleetOptions,
  type CircuitBreakerFleetOptionsFactory,
} from '../../lib/redis/index.js';
import { hasRedis, RedisServer } from './redis-server.js';

const circuits = { payments: { openDuration: '30s' as const } };

async function start(options: CircuitBreakerFleetOptions) {
  const module = await Test.createTestingModule({
    imports: [
      CircuitBreakerModule.forRoot({ circuits }),
      CircuitBreakerFleetModule.forRoot({ flushInterval: 20, ...options }),
    ],
  })
    .setLogger({ log() {}, warn() {}, error() {} })
    .compile();
  const app = await module.init();
  return {
    app,
    fleet: app.get(CircuitBreakerFleet),
    registry: app.get(CircuitBreakerRegistry),
  };
}

function succeed(circuit: Circuit, calls: number): void {
  for (let call = 0; call < calls; call++) circuit.tryAcquire()!.success();
}

function shared(circuit: Circuit) {
  return circuit.snapshot().shared!;
}

async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  for (const end = Date.now() + 8_000; !(await holds());) {
    if (Date.now() > end) throw new Error('not within eight seconds');
    await new Promise(resolve => setTimeout(resolve, 10));
  }
}

describe('CircuitBreakerFleetModule', () => {
  it('tells of every bad option at the start', async () => {
    await expect(
      start({ namespace: '', quorum: 0, flushIntervall: 3 } as never),
    ).rejects.toThrow(/namespace[\s\S]*quorum[\s\S]*|flushInterval/);
  });

  it.each([
    // Node's timers take no more, and then fire at once.
    { flushInterval: '25d' },
    { timeout: 2 ** 31 },
    // What an unanswered request is told by must not be forgotten before it is given up.
    { ttl: '9s' },
  ] as const)('refuses %j', async option => {
    const [name] = Object.keys(option) as [string];
    const connection = { host: '127.0.0.1', port: 1 };
    await expect(start({ connection, ...option })).rejects.toThrow(
      new RegExp(`${name}.*takes`, 's'),
    );
  });

  it('asks for a connection', async () => {
    await expect(start({})).rejects.toThrow(/connection/);
  });

  it('says what is missing where there are no circuits', async () => {
    @Module({
      imports: [CircuitBreakerFleetModule.forRoot({ connection: 'redis://x' })],
    })
    class Alone {}
    await expect(
      Test.createTestingModule({ imports: [Alone] }).compile(),
    ).rejects.toThrow(/CircuitBreakerModule\.forRoot/);
  });

  it('lets circuits decide alone where there is no server', async () => {
    const { app, fleet, registry } = await start({
      connection: { host: '127.0.0.1', port: 1 },
    });
    const circuit = registry.get('payments');
    await expect(circuit.execute(() => 1)).resolves.toBe(1);
    for (let call = 0; call < 10; call++) {
      circuit.tryAcquire()?.failure(new Error('down'));
    }
    expect(circuit.state).toBe('open');
    expect(fleet.status.joined).toBe(false);
    expect(registry.sharedView?.joined).toBe(false);
    await app.close();
  });
});

(hasRedis() ? describe : describe.skip)(
  'two applications on one server',
  () => {
    let server: RedisServer;

    beforeAll(async () => {
      server = await RedisServer.start();
    });

    afterAll(() => server.stop());

    it('share orders, options and keyed circuits, whatever these are called', async () => {
      const client = new Redis({ port: server.port, lazyConnect: true });
      const one = await start({ client, namespace: 'shop {1}' });
      const two = await start({
        connection: `redis://127.0.0.1:${server.port}`,
        namespace: 'shop {1}',
      });
      const strange = `a{b}*:\n"'\u0000 é ${'x'.repeat(300)} \ud800`;
      for (const each of [one, two]) {
        each.registry.get('payments');
        each.registry.keyed('payments', strange);
      }
      await until(() => two.registry.sharedView?.instances === 2);

      one.registry.get('payments').forceOpen('maintenance \ud800');
      await until(() => two.registry.get('payments').state === 'forced-open');
      expect(two.registry.keyed('payments', strange).state).toBe('closed');

      two.registry.keyed('payments', strange).forceClosed();
      await until(
        () => one.registry.keyed('payments', strange).state === 'forced-closed',
      );

      two.registry.configure('payments', { minimumCalls: 7 });
      await until(() => one.registry.get('payments').rules.minimumCalls === 7);
      expect(one.registry.keyed('payments', 'later').rules.minimumCalls).toBe(
        7,
      );

      const redis = server.connect();
      for (const key of await redis.keys('*')) {
        expect(key.startsWith('{shop%20%7B1%7D}:')).toBe(true);
        expect(key.length).toBeLessThan(300);
        expect(await redis.pttl(key)).toBeGreaterThan(0);
      }
      expect(() => new CircuitBreakerFleet(one.registry, { client })).toThrow(
        /share a view already/,
      );
      await one.app.close();
      await until(() => two.registry.sharedView?.instances === 1);
      await two.app.close();
      expect(client.status).toBe('wait');
      await until(async () => {
        const clients = String(await redis.client('LIST'));
        // This one.
        return clients.trim().split('\n').length === 1;
      });
      client.disconnect();
      redis.disconnect();
    });

    it('take their options from other providers', async () => {
      const options = {
        connection: { host: '127.0.0.1', port: server.port },
        namespace: 'async',
        // Not a whole number of milliseconds.
        ttl: '60.0005s',
      } as const;
      class Options implements CircuitBreakerFleetOptionsFactory {
        create() {
          return options;
        }
      }
      @Module({ providers: [Options], exports: [Options] })
      class Settings {}
      const modules = await Promise.all(
        [
          CircuitBreakerFleetModule.forRootAsync({
            imports: [Settings],
            inject: [Options],
            useFactory: async (settings: Options) => settings.create(),
          }),
          CircuitBreakerFleetModule.forRootAsync({ useClass: Options }),
          CircuitBreakerFleetModule.forRootAsync({
            imports: [Settings],
            useExisting: Options,
          }),
        ].map(fleet =>
          Test.createTestingModule({
            imports: [CircuitBreakerModule.forRoot({ circuits }), fleet],
          })
            .setLogger({ log() {}, warn() {}, error() {} })
            .compile(),
        ),
      );
      const fleets = modules.map(module => module.get(CircuitBreakerFleet));
      await until(() => fleets.every(({ status }) => status.instances === 3));
      await Promise.all(modules.map(module => module.close()));
    });

    it('tell how many they are and how much of the calls each has', async () => {
      const connection = { host: '127.0.0.1', port: server.port };
      const one = await start({ connection, namespace: 'shares' });
      const two = await start({ connection, namespace: 'shares' });
      const [first, second] = [one, two].map(each =>
        each.registry.get('payments'),
      ) as [Circuit, Circuit];
      await until(() => shared(first).joined && shared(first).instances === 2);
      await until(() => shared(second).joined);
      expect(shared(first)).toMatchObject({ share: null, window: null });

      succeed(first, 30);
      await until(() => shared(first).window?.calls === 30);
      expect(shared(first).share).toBe(1);
      succeed(second, 10);
      await until(() => shared(second).window?.calls === 40);
      expect(shared(second)).toMatchObject({ share: 0.25, instances: 2 });
      succeed(first, 10);
      await until(() => shared(first).window?.calls === 50);
      expect(shared(first).share).toBe(0.8);
      const json: unknown = JSON.parse(JSON.stringify(first.snapshot()));
      expect(json).toEqual(first.snapshot());
      await one.app.close();
      await two.app.close();
    });

    it('empty every window with a reset, also where the circuit is closed', async () => {
      const connection = { host: '127.0.0.1', port: server.port };
      const one = await start({ connection, namespace: 'reset' });
      const two = await start({ connection, namespace: 'reset' });
      const [first, second] = [one, two].map(each =>
        each.registry.get('payments'),
      ) as [Circuit, Circuit];
      await until(() => shared(first).joined && shared(second).joined);
      succeed(first, 5);
      succeed(second, 5);
      await until(() => shared(second).window !== null);
      const { generation } = shared(second);
      first.reset();
      await until(() => shared(second).generation > generation);
      await until(() => shared(first).generation > generation);
      for (const circuit of [first, second]) {
        expect(circuit.snapshot()).toMatchObject({
          state: 'closed',
          window: { calls: 0 },
          totals: { calls: 5 },
          shared: { state: 'closed', window: null },
        });
      }
      succeed(second, 1);
      await until(() => shared(second).window?.calls === 1);
      await one.app.close();
      await two.app.close();
    });
  },
);
