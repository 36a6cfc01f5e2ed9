// An application for `wings-requests.mjs`: its one route calls a decorated method,
// and it has the wings that WINGS names.
import 'reflect-metadata';
import { Controller, Get, Inject, Injectable, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { MeterProvider } from '@opentelemetry/sdk-metrics';
import { CircuitBreaker, CircuitBreakerModule } from 'nestjs-breaker';
import { CircuitBreakerDashboardModule } from 'nestjs-breaker/dashboard';
import { CircuitBreakerOpenTelemetryModule } from 'nestjs-breaker/opentelemetry';
import { CircuitBreakerPrometheusModule } from 'nestjs-breaker/prometheus';
import { decorateClass, decorateMethod } from './decorate.mjs';

const wings = (process.env['WINGS'] ?? '').split(',');

class Greeter {
  async greet() {
    return { hello: 'world' };
  }
}
decorateMethod(Greeter, 'greet', CircuitBreaker('greeter'));
decorateClass(Greeter, Injectable());

class HelloController {
  /** @param {Greeter} greeter */
  constructor(greeter) {
    this.greeter = greeter;
  }

  hello() {
    return this.greeter.greet();
  }
}
decorateMethod(HelloController, 'hello', Get('hello'));
decorateClass(HelloController, Controller());
Inject(Greeter)(HelloController, undefined, 0);

const modules = [CircuitBreakerModule.forRoot()];
if (wings.includes('prometheus')) {
  modules.push(CircuitBreakerPrometheusModule.forRoot({ path: '/metrics' }));
}
if (wings.includes('opentelemetry')) {
  const meterProvider = new MeterProvider();
  modules.push(CircuitBreakerOpenTelemetryModule.forRoot({ meterProvider }));
}
if (wings.includes('dashboard')) {
  modules.push(CircuitBreakerDashboardModule.forRoot());
}

// oxlint-disable-next-line typescript/no-extraneous-class -- decorated below, without the syntax
class AppModule {}
decorateClass(
  AppModule,
  Module({
    imports: modules,
    controllers: [HelloController],
    providers: [Greeter],
  }),
);

const app = await NestFactory.create(AppModule, { logger: false });
await app.listen(0, '127.0.0.1');
process.on('message', () => {
  const { user, system } = process.cpuUsage();
  process.send?.({ cpu: user + system });
});
process.on('disconnect', () => process.exit(0));
process.send?.({ port: Number(new URL(await app.getUrl()).port) });
