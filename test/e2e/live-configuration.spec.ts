import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { Global, Injectable, Module } from '@nestjs/common';
import { ConfigModule, ConfigService } from '@nestjs/config';
import { afterEach, describe, expect, it } from '@jest/globals';
import { map } from 'rxjs';
import {
  CircuitBreaker,
  CircuitBreakerModule,
  CircuitBreakerRegistry,
  type ConfigSource,
  InvalidOptionsError,
  type LiveOptions,
} from '../../lib/index.js';
import { REGISTRY_DEPENDENCIES } from '../../lib/registry/registry-dependencies.js';
import {
  closeApps,
  LogKeeper,
  plainModule,
  startContext,
} from '../support/nest-app.js';
import { settled } from '../support/policy-host.js';
import { VirtualClock } from '../support/virtual-clock.js';

@Injectable()
class Rates {
  @CircuitBreaker('rates', { minimumCalls: 5 })
  async get(): Promise<number> {
    return 1;
  }
}

function rootWith(configSource: ConfigSource) {
  return plainModule({
    imports: [CircuitBreakerModule.forRoot({ configSource })],
    providers: [Rates],
  });
}

describe('an application with a configuration source', () => {
  afterEach(closeApps);

  it('has the options of the source when its own code runs', async () => {
    const app = await startContext(
      rootWith({
        load: async () => ({ circuits: { rates: { minimumCalls: 9 } } }),
      }),
    );

    const { rules } = app.get(CircuitBreakerRegistry).get('rates');

    expect(rules.minimumCalls).toBe(9);
  });

  it('starts without it when it fails, and says so', async () => {
    const log = new LogKeeper();

    const app = await startContext(
      rootWith({ load: () => Promise.reject(new Error('no route')) }),
      log,
    );

    expect(await app.get(Rates).get()).toBe(1);
    expect(log.errors).toEqual([expect.stringContaining('no route')]);
  });

  it('does not start without it when it is required', async () => {
    await expect(
      startContext(
        rootWith({
          required: true,
          load: () => Promise.reject(new Error('no route')),
        }),
      ),
    ).rejects.toThrow('no route');
  });

  it('refreshes on the clock that it is given, and not after its end', async () => {
    const clock = new VirtualClock();
    @Global()
    @Module({
      providers: [{ provide: REGISTRY_DEPENDENCIES, useValue: { clock } }],
      exports: [REGISTRY_DEPENDENCIES],
    })
    class TimeModule {}
    let loads = 0;
    const load = () => ({ circuits: { rates: { minimumCalls: ++loads } } });
    const app = await startContext(
      plainModule({
        imports: [
          TimeModule,
          CircuitBreakerModule.forRoot({
            configSource: { load, refreshEvery: '1m' },
          }),
        ],
        providers: [Rates],
      }),
    );

    clock.advance(60_000);
    await settled();
    const { rules } = app.get(CircuitBreakerRegistry).get('rates');
    expect(rules.minimumCalls).toBe(2);

    await app.close();
    clock.advance(600_000);
    await settled();
    expect(loads).toBe(2);
  });

  it.each<[string, unknown, string]>([
    ['configSource', 'http://config', 'load()'],
    ['configSource', null, 'load()'],
    ['configSource', { refreshEvery: '5s' }, 'load()'],
    [
      'configSource.refreshEvery',
      { load: () => ({}), refreshEvery: 0 },
      'takes a duration',
    ],
    [
      'configSource.timeout',
      { load: () => ({}), timeout: 'soon' },
      'takes a duration',
    ],
    [
      'configSource.required',
      { load: () => ({}), required: 'yes' },
      'takes true or false',
    ],
  ])('is told of a wrong %s at the start: %p', async (...given) => {
    const [path, configSource, words] = given;
    const start = startContext(rootWith(configSource as ConfigSource));

    const error = await start.catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(InvalidOptionsError);
    const { problems } = error as InvalidOptionsError;
    expect(problems).toMatchObject([
      { path, message: expect.stringContaining(words) },
    ]);
  });

  it('may have a source with fields of its own', async () => {
    class Remote implements ConfigSource {
      readonly refreshEvery = '1h';
      private readonly url = 'somewhere';

      load(): LiveOptions {
        return { circuits: { rates: { minimumCalls: this.url.length } } };
      }
    }

    const app = await startContext(rootWith(new Remote()));

    expect(
      app.get(CircuitBreakerRegistry).get('rates').rules.minimumCalls,
    ).toBe(9);
  });
});

describe('with @nestjs/config', () => {
  afterEach(closeApps);

  it('follows its changes', async () => {
    const app = await startContext(
      plainModule({
        imports: [
          CircuitBreakerModule.forRootAsync({
            imports: [
              ConfigModule.forRoot({
                ignoreEnvFile: true,
                load: [() => ({ circuits: { rates: { minimumCalls: 7 } } })],
              }),
            ],
            inject: [ConfigService],
            useFactory: (config: ConfigService) => ({
              circuits: config.get('circuits', {}),
              configSource: config.changes$.pipe(
                map(() => ({ circuits: config.get('circuits') })),
              ),
            }),
          }),
          ConfigModule,
        ],
        providers: [Rates],
      }),
    );
    const circuit = app.get(CircuitBreakerRegistry).get('rates');
    // The decorator is stronger than the options of the start.
    expect(circuit.rules.minimumCalls).toBe(5);

    app.get(ConfigService).set('circuits', { rates: { minimumCalls: 8 } });
    expect(circuit.rules.minimumCalls).toBe(8);
    app.get(ConfigService).set('circuits', { rates: { minimumCalls: 0 } });

    expect(circuit.rules.minimumCalls).toBe(8);
  });
});

describe('with a configuration server', () => {
  let server: Server;
  let answer: { status: number; body: string } | 'hang';

  afterEach(async () => {
    await closeApps();
    server.closeAllConnections();
    await new Promise(resolve => server.close(resolve));
  });

  it('follows it over HTTP, through failures and silence', async () => {
    server = createServer((_request, response) => {
      if (answer === 'hang') return;
      response.writeHead(answer.status).end(answer.body);
    });
    await new Promise<void>(done => server.listen(0, '127.0.0.1', done));
    const { port } = server.address() as AddressInfo;
    answer = saying(11);
    const app = await startContext(
      rootWith({
        refreshEvery: 20,
        timeout: 200,
        load: async ({ signal }) => {
          const response = await fetch(`http://127.0.0.1:${port}`, { signal });
          if (!response.ok) throw new Error(await response.text());
          return (await response.json()) as LiveOptions;
        },
      }),
    );
    const circuit = app.get(CircuitBreakerRegistry).get('rates');
    const seen = async (calls: number) => {
      while (circuit.rules.minimumCalls !== calls) await sleep(10);
    };
    await seen(11);

    answer = saying(12);
    await seen(12);
    circuit.tryAcquire()!.failure(new Error('down'));
    for (const bad of [
      { status: 500, body: 'broken' },
      { status: 200, body: 'not JSON' },
      { status: 200, body: '{"circuits":{"rates":{"minimumCalls":-1}}}' },
      'hang' as const,
    ]) {
      answer = bad;
      await sleep(300);
      expect(circuit.rules.minimumCalls).toBe(12);
    }
    answer = saying(13);
    await seen(13);

    expect(circuit.snapshot().window.failures).toBe(1);
  });
});

function saying(minimumCalls: number) {
  const circuits = { rates: { minimumCalls } };
  return { status: 200, body: JSON.stringify({ circuits }) };
}
