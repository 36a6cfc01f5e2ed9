// A Nest application that says hello on a free port. Tells by IPC which port, and how
// much CPU the process has used.
import { Controller, Get, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { decorateClass, decorateMethod } from '../decorate.mjs';
import { packageUnderTest } from '../subjects/package-under-test.mjs';

/** @type {import('./nest-server.mjs').Order} */
const { platform, variant } = JSON.parse(process.argv[2] ?? '{}');
const port = await start();
process.on('message', () => process.send?.(process.cpuUsage()));
process.on('disconnect', () => process.exit());
process.send?.(port);

/** @returns {Promise<number>} its port */
async function start() {
  const imports = [];
  const onMethod = [];
  const onController = [];
  if (!variant.startsWith('plain')) {
    const { CircuitBreaker, CircuitBreakerModule } = await packageUnderTest();
    imports.push(CircuitBreakerModule.forRoot());
    if (variant === 'decorated method') onMethod.push(CircuitBreaker('hello'));
    if (variant === 'decorated controller') {
      onController.push(CircuitBreaker('hello'));
    }
  }

  class HelloController {
    async hello() {
      return { hello: 'world' };
    }
  }
  decorateMethod(HelloController, 'hello', ...onMethod, Get());
  decorateClass(HelloController, ...onController, Controller());

  // oxlint-disable-next-line no-extraneous-class -- Nest's modules are
  class HelloModule {}
  decorateClass(
    HelloModule,
    Module({ imports, controllers: [HelloController] }),
  );

  /** @type {import('@nestjs/common').NestApplicationOptions} */
  const options = { logger: ['error'] };
  const app =
    platform === 'Fastify'
      ? await NestFactory.create(HelloModule, new FastifyAdapter(), options)
      : await NestFactory.create(HelloModule, options);
  await app.listen(0, '127.0.0.1');
  return app.getHttpServer().address().port;
}
