// An application for `wings-requests.mjs`: its one route calls a decorated method,
// and it has the wings that WINGS names.
import 'reflect-metadata';
import { Controller, Get, Inject, Injectable, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { MeterProvider } from '@opentelemetry/sdk-metrics';
import {
  CircuitBreaker,
  CircuitBreakerModule,
  CircuitBreakerRegistry,
} from 'nestjs-breaker';
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

/** Circuits beside that of the route, and the calls a second that go through them. */
const MANY = Number(process.env['CIRCUITS'] ?? 0);
const RATE = Number(process.env['RATE'] ?? 0);

const names = Array.from({ length: MANY }, (_, index) => `circuit-${index}`);
const circuits = Object.fromEntries(names.map(name => [name, {}]));
const modules = [CircuitBreakerModule.forRoot({ circuits })];
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
if (RATE > 0) callAll(app.get(CircuitBreakerRegistry));
process.on('message', () => {
  const { user, system } = process.cpuUsage();
  process.send?.({ cpu: user + system });
});
process.on('disconnect', () => process.exit(0));
process.send?.({ port: Number(new URL(await app.getUrl()).port) });

/** One circuit after the other, evenly over the second; one call in a hundred fails. @param {CircuitBreakerRegistry} registry */
function callAll(registry) {
  let calls = 0;
  const start = performance.now();
  setInterval(() => {
    const due = ((performance.now() - start) * RATE) / 1_000;
    for (; calls < due; calls++) {
      const fails = calls % 100 === 0;
      registry
        .get(`circuit-${calls % MANY}`)
        .execute(async () => {
          if (fails) throw new Error('down');
        })
        .catch(() => {});
    }
  }, 10);
}
