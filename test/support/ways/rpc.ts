import { expect } from '@jest/globals';
import { Controller, Inject, type Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import {
  ClientProxyFactory,
  MessagePattern,
  Payload,
  Transport,
  type ClientOptions,
  type MicroserviceOptions,
} from '@nestjs/microservices';
import { firstValueFrom, timeout, type Observable } from 'rxjs';
import { freePort, plainModule } from '../nest-app.js';
import { SERVERS } from '../servers.js';
import { Above, Below } from './enhancers.js';
import { Upstream } from './upstream.js';
import type { Blueprint, Seen, Way } from './way.js';

function promiseHandlers(blueprint: Blueprint): Type {
  const { pattern, onClass, onMethod, signal } = blueprint;
  @Controller()
  @onClass
  class Handlers {
    constructor(@Inject(Upstream) private readonly upstream: Upstream) {}

    @Above()
    @MessagePattern(pattern)
    @onMethod
    @Below()
    async ask(@Payload() word: string, @signal given?: AbortSignal) {
      return this.upstream.ask(word, given);
    }
  }
  return Handlers;
}

function observableHandlers(blueprint: Blueprint): Type {
  const { pattern, onClass, onMethod } = blueprint;
  @onClass
  @Controller()
  class Handlers {
    constructor(@Inject(Upstream) private readonly upstream: Upstream) {}

    @onMethod
    @Above()
    @Below()
    @MessagePattern(pattern)
    ask(@Payload() word: string): Observable<string> {
      return this.upstream.ask$(word);
    }
  }
  return Handlers;
}

type Options = ClientOptions & MicroserviceOptions;

function way(
  name: string,
  optionsOf: () => Promise<Options> | Options,
  rest: Partial<Way> = {},
): Way {
  return {
    name: `RPC over ${name}`,
    define: promiseHandlers,
    refusal: refusal => ({
      status: 'error',
      message: expect.any(String),
      ...refusal,
    }),
    start: async (controllers, metadata) => {
      const options = await optionsOf();
      const app = await NestFactory.createMicroservice<MicroserviceOptions>(
        plainModule({ ...metadata, controllers: [...controllers] }),
        { ...options, logger: false, abortOnError: false },
      );
      await app.listen();
      const client = ClientProxyFactory.create(options);
      return {
        get: token => app.get(token, { strict: false }),
        ask: (pattern, word) =>
          firstValueFrom(
            client.send<unknown>(pattern, word).pipe(timeout(5_000)),
          ).then(
            (value): Seen => ({ value }),
            (error: unknown): Seen => ({ error }),
          ),
        close: async () => {
          await client.close();
          await app.close();
        },
      };
    },
    ...rest,
  };
}

const tcp = async (): Promise<Options> => ({
  transport: Transport.TCP,
  options: { host: '127.0.0.1', port: await freePort() },
});

let queues = 0;

/** Request and reply over each transport. */
export const RPC_WAYS: readonly Way[] = [
  way('TCP', tcp),
  way('TCP: an Observable', tcp, {
    define: observableHandlers,
  }),
  way('Redis', () => redis, { needs: 'redis' }),
  way('NATS', () => nats, { needs: 'nats' }),
  way('RabbitMQ', rabbitmq, { needs: 'rabbitmq' }),
];

const redis: Options = {
  transport: Transport.REDIS,
  options: { host: '127.0.0.1', port: SERVERS.redis.port },
};

const nats: Options = {
  transport: Transport.NATS,
  options: { servers: [`nats://127.0.0.1:${SERVERS.nats.port}`] },
};

function rabbitmq(): Options {
  return {
    transport: Transport.RMQ,
    options: {
      urls: [`amqp://guest:guest@127.0.0.1:${SERVERS.rabbitmq.port}`],
      // A queue of its own for each application, gone with it.
      queue: `ways-in-${process.pid}-${queues++}`,
      queueOptions: { durable: false, autoDelete: true },
    },
  };
}
