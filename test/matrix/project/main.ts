import { NestFactory } from '@nestjs/core';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { AppModule } from './app.module%EXTENSION%';

async function bootstrap() {
  const app = await (process.env['PLATFORM'] === 'fastify'
    ? NestFactory.create(AppModule, new FastifyAdapter(), { logger: false })
    : NestFactory.create(AppModule, { logger: false }));
  await app.listen(0, '127.0.0.1');
  console.log(await app.getUrl());
}
void bootstrap();
