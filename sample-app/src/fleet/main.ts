import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { CircuitBreakerFleetModule } from 'nestjs-breaker/redis';
import { AppModule } from '../app.module.js';
import { reportListening } from '../launcher/child.js';
import { settings } from '../settings.js';

/** The shop as one of several instances that share their circuits. */
@Module({
  imports: [
    AppModule,
    CircuitBreakerFleetModule.forRoot({
      connection: process.env.REDIS_URL ?? 'redis://127.0.0.1:6379',
      namespace: 'shop',
    }),
  ],
})
class FleetAppModule {}

const app = await NestFactory.create<NestExpressApplication>(FleetAppModule, {
  forceCloseConnections: true,
});
app.enableShutdownHooks(['SIGTERM']);
await app.listen(settings.port);
reportListening(Number(new URL(await app.getUrl()).port));
