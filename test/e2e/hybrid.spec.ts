import { afterEach, describe, expect, it } from '@jest/globals';
import {
  Catch,
  Controller,
  Get,
  Scope,
  type ExceptionFilter,
  type ModuleMetadata,
  type NestHybridApplicationOptions,
} from '@nestjs/common';
import { APP_FILTER, NestFactory } from '@nestjs/core';
import {
  ClientProxyFactory,
  MessagePattern,
  Transport,
  type ClientProxy,
  type MicroserviceOptions,
} from '@nestjs/microservices';
import { firstValueFrom, throwError } from 'rxjs';
import { CircuitBreaker } from '../../lib/protection/circuit-breaker.decorator.js';
import { CircuitBreakerRegistry } from '../../lib/registry/circuit-breaker.registry.js';
import {
  closeApps,
  freePort,
  LogKeeper,
  rootModule,
  startHttp,
  startTcp,
} from '../support/nest-app.js';

const closing: { close(): unknown }[] = [];

afterEach(async () => {
  for (const each of closing.splice(0)) await each.close();
  await closeApps();
});

@Controller()
class Both {
  @Get('open')
  @MessagePattern('open')
  @CircuitBreaker('dependency')
  async open() {
    return 'answer';
  }
}

@Controller({ scope: Scope.REQUEST })
class ScopedBoth extends Both {}

/** Answers RPC alone, as a global filter of a hybrid application may. */
@Catch()
class RpcFormat implements ExceptionFilter {
  catch(error: Error) {
    return throwError(() => ({ status: 'own', message: error.message }));
  }
}

function connect(port: number): ClientProxy {
  const client = ClientProxyFactory.create({
    transport: Transport.TCP,
    options: { host: '127.0.0.1', port },
  });
  closing.push(client);
  return client;
}

async function startHybrid(
  metadata: ModuleMetadata,
  options: NestHybridApplicationOptions,
) {
  const { app, url } = await startHttp(rootModule(metadata));
  const port = await startTcp(app, options);
  const circuit = app.get(CircuitBreakerRegistry).get('dependency');
  // Not forced: a refusal then has a `Retry-After`.
  for (let i = 0; i < 10; i++) circuit.tryAcquire()!.failure(new Error('down'));
  const client = connect(port);
  return {
    url,
    ask: () => firstValueFrom(client.send<string>('open', '')),
  };
}

describe('a hybrid application', () => {
  it.each<[string, NestHybridApplicationOptions]>([
    ['a configuration of its own', {}],
    ['the configuration of the application', { inheritAppConfig: true }],
    [
      'the configuration of the application, set up late',
      { inheritAppConfig: true, deferInitialization: true },
    ],
  ])('answers messages as Nest does, with %s', async (_name, options) => {
    for (const controllers of [[Both], [ScopedBoth]]) {
      const { url, ask } = await startHybrid({ controllers }, options);

      await expect(ask()).rejects.toEqual({
        status: 'error',
        message: 'Internal server error',
      });
      expect((await fetch(`${url}/open`)).status).toBe(503);
    }
  });

  it.each([Both, ScopedBoth])(
    "answers messages with the user's filter (%p)",
    async controller => {
      const { ask } = await startHybrid(
        {
          controllers: [controller],
          providers: [{ provide: APP_FILTER, useClass: RpcFormat }],
        },
        { inheritAppConfig: true, deferInitialization: true },
      );

      await expect(ask()).rejects.toMatchObject({ status: 'own' });
    },
  );
});

describe('a microservice', () => {
  it('protects its handlers', async () => {
    const port = await freePort();
    const app = await NestFactory.createMicroservice<MicroserviceOptions>(
      rootModule({ controllers: [Both] }),
      {
        transport: Transport.TCP,
        options: { host: '127.0.0.1', port },
        logger: false,
        abortOnError: false,
      },
    );
    await app.listen();
    closing.unshift(app);
    const client = connect(port);
    const ask = () => firstValueFrom(client.send<string>('open', ''));
    const circuit = app.get(CircuitBreakerRegistry).get('dependency');

    expect(await ask()).toBe('answer');
    circuit.forceOpen();
    await expect(ask()).rejects.toMatchObject({ status: 'error' });
    expect(circuit.snapshot().totals).toMatchObject({ calls: 1, rejected: 1 });
  });
});

describe('the filter for Retry-After', () => {
  it('does not make Nest warn of request-scoped filters that nobody has', async () => {
    const log = new LogKeeper();
    await startHttp(rootModule({ controllers: [Both] }), undefined, app =>
      app.useLogger(log),
    );

    expect(log.warnings).toEqual([]);
  });
});
