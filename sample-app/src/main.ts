import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { AppModule } from './app.module.js';
import { reportListening } from './launcher/child.js';
import { settings } from './settings.js';

const app = await NestFactory.create<NestExpressApplication>(AppModule, {
  forceCloseConnections: true,
});
app.enableShutdownHooks(['SIGTERM']);
await app.listen(settings.port, settings.host);
reportListening(Number(new URL(await app.getUrl()).port));
