import {
  Module,
  type INestApplication,
  type INestApplicationContext,
  type LoggerService,
  type ModuleMetadata,
  type Type,
} from '@nestjs/common';
import { NestFactory, type AbstractHttpAdapter } from '@nestjs/core';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { breakerModule } from './breaker-module.js';

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
    imports: [breakerModule(), ...(metadata.imports ?? [])],
  });
}

/** A root module without ours. */
export function plainModule(metadata: ModuleMetadata): Type {
  @Module(metadata)
  class RootModule {}
  return RootModule;
}

const running: { close(): Promise<void> }[] = [];

/** Closes what {@link startContext} and {@link startHttp} started; for `afterEach`. */
export async function closeApps(): Promise<void> {
  await Promise.all(running.splice(0).map(app => app.close()));
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
  running.push(app);
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
  running.push(app);
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
