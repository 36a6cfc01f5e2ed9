import { createServer, type AddressInfo } from 'node:net';
import {
  Module,
  type INestApplication,
  type INestApplicationContext,
  type LoggerService,
  type NestHybridApplicationOptions,
  type ModuleMetadata,
  type Type,
} from '@nestjs/common';
import { NestFactory, type AbstractHttpAdapter } from '@nestjs/core';
import { Transport, type MicroserviceOptions } from '@nestjs/microservices';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { CircuitBreakerModule } from '../../lib/circuit-breaker.module.js';

/** The HTTP platforms, for `describe.each`. */
export const PLATFORMS: readonly (readonly [
  name: string,
  adapter: () => AbstractHttpAdapter,
])[] = [
  ['Express', () => new ExpressAdapter()],
  ['Fastify', () => new FastifyAdapter() as AbstractHttpAdapter],
];

/** A root module with our module beside what it is given. */
export function rootModule(metadata: ModuleMetadata): Type {
  return plainModule({
    ...metadata,
    imports: [CircuitBreakerModule.forRoot(), ...(metadata.imports ?? [])],
  });
}

/** A root module without ours. */
export function plainModule(metadata: ModuleMetadata): Type {
  @Module(metadata)
  class RootModule {}
  return RootModule;
}

interface Closable {
  close(): Promise<void>;
}

const running = new Set<Closable>();

/** Closes what {@link startContext} and {@link startHttp} started; for `afterEach`. */
export async function closeApps(): Promise<void> {
  await Promise.all([...running].map(closeApp));
}

/** Closes one of them. A second time is an error on Nest 11. */
export async function closeApp(app: Closable): Promise<void> {
  if (running.delete(app)) await app.close();
}

/** An application without transports. */
export async function startContext(
  root: Type,
  logger: LoggerService | false = false,
): Promise<INestApplicationContext> {
  const app = await NestFactory.createApplicationContext(root, {
    logger,
    abortOnError: false,
  });
  running.add(app);
  return app;
}

/** A listening application and its address. */
export async function startHttp(
  root: Type,
  adapter: () => AbstractHttpAdapter = PLATFORMS[0]![1],
  prepare: (app: INestApplication) => void = () => {},
): Promise<{ app: INestApplication; url: string }> {
  const app = await NestFactory.create(root, adapter(), {
    logger: false,
    abortOnError: false,
  });
  running.add(app);
  prepare(app);
  await app.listen(0, '127.0.0.1');
  return { app, url: await app.getUrl() };
}

/** Keeps what is logged. */
export class LogKeeper implements LoggerService {
  readonly errors: string[] = [];
  readonly warnings: string[] = [];

  log(): void {}

  error(message: unknown): void {
    this.errors.push(String(message));
  }

  warn(message: unknown): void {
    this.warnings.push(String(message));
  }
}

/** Connects a TCP microservice to an application and answers with its port. */
export async function startTcp(
  app: INestApplication,
  hybridOptions: NestHybridApplicationOptions = {},
): Promise<number> {
  const port = await freePort();
  app.connectMicroservice<MicroserviceOptions>(
    { transport: Transport.TCP, options: { host: '127.0.0.1', port } },
    hybridOptions,
  );
  await app.startAllMicroservices();
  return port;
}

/** A port that nobody listens on. */
export function freePort(): Promise<number> {
  const server = createServer();
  return new Promise(resolve => {
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}
