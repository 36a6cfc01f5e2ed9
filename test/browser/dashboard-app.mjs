// An application with the dashboard, as a process of its own: tests build it,
// steer it by messages, and kill it. Plain JavaScript over the built package.
import 'reflect-metadata';
import { Controller, Get, Logger, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { CircuitBreakerModule, CircuitBreakerRegistry } from 'nestjs-breaker';
import { CircuitBreakerDashboardModule } from 'nestjs-breaker/dashboard';

const settings = JSON.parse(process.env['DASHBOARD_APP'] ?? '{}');
const {
  platform = 'express',
  port = 0,
  prefix = '',
  path = 'circuits',
  circuits = {},
  /** Answers of `authorize`, by the value of the header or cookie `who`; none for read-only. */
  people,
  many = 0,
  logger = ['warn', 'error'],
} = settings;

const defaults = { openJitter: 0, openDuration: '20s', ...settings.defaults };
const all = { ...circuits };
for (let index = 0; index < many; index++) all[`service-${index}`] = {};

let calls = 0;
/** Each request goes through the next circuit. */
class HelloController {
  hello() {
    return list[calls++ % list.length].execute(async () => ({
      hello: 'world',
    }));
  }
}
const { prototype } = HelloController;
Get('hello')(
  prototype,
  'hello',
  Object.getOwnPropertyDescriptor(prototype, 'hello'),
);
Controller()(HelloController);

// oxlint-disable-next-line typescript/no-extraneous-class -- decorated below, without the syntax
class AppModule {}
Module({
  controllers: [HelloController],
  imports: [
    CircuitBreakerModule.forRoot({ defaults, circuits: all }),
    ...(settings.dashboard === false
      ? []
      : [
          CircuitBreakerDashboardModule.forRoot({
            path,
            ...(people === undefined
              ? {}
              : { authorize: request => people[personOf(request)] ?? false }),
          }),
        ]),
  ],
})(AppModule);

const app = await (platform === 'fastify'
  ? NestFactory.create(AppModule, new FastifyAdapter(), { logger })
  : NestFactory.create(AppModule, { logger }));
if (prefix !== '') app.setGlobalPrefix(prefix);
await app.listen(port, '127.0.0.1');

const registry = app.get(CircuitBreakerRegistry);
const list = [...registry];
process.on('message', message => void steer(message));
process.send?.({ ready: true, port: Number(new URL(await app.getUrl()).port) });

let leave = () => {};
async function steer({
  id,
  call,
  name,
  key,
  outcome,
  times = 1,
  perSecond,
  status,
  shared,
}) {
  if (call === 'close') {
    await app.close();
    process.disconnect();
    return;
  }
  if (call === 'traffic') startTraffic(perSecond);
  if (call === 'fleet') {
    leave();
    leave = registry.coordinate(coordinator(status, shared));
  }
  if (call === 'play') {
    const circuit =
      key === undefined
        ? registry.getOrCreate(name)
        : registry.keyed(name, key);
    for (let left = times; left > 0; left--) await play(circuit, outcome);
  }
  const { user, system } = process.cpuUsage();
  process.send({ id, cpu: user + system });
}

/** What a fleet tells of itself and of every circuit, without one. */
function coordinator(fleet, described) {
  const stops = new Map();
  return {
    status: fleet,
    attach: circuit =>
      stops.set(
        circuit,
        circuit.machine.coordinate({
          allowsProbe: () => true,
          transitioned() {},
          describe: () => described,
        }),
      ),
    detach: circuit => stops.get(circuit)?.(),
  };
}

async function play(circuit, outcome, options) {
  try {
    await circuit.execute(() => {
      if (outcome === 'failure') throw new TypeError('connect ECONNREFUSED');
      return 'well';
    }, options);
  } catch {
    // Only what the circuit makes of it matters here.
  }
}

/** Calls of all circuits, spread over the second; every fiftieth fails. */
function startTraffic(perSecond) {
  let count = 0;
  let owed = 0;
  let last = performance.now();
  setInterval(() => {
    // By the clock: a busy machine fires timers late.
    const now = performance.now();
    owed += (perSecond * (now - last)) / 1_000;
    last = now;
    for (; owed >= 1; owed--) {
      count++;
      void play(
        list[count % list.length],
        count % 50 === 0 ? 'failure' : 'success',
      );
    }
  }, 50);
}

function personOf({ headers }) {
  return headers['who'] ?? /who=([a-z]+)/.exec(headers['cookie'] ?? '')?.[1];
}

process.on('disconnect', () => process.exit(0));
process.on('uncaughtException', error => {
  new Logger('DashboardApp').error(error.stack);
  process.exit(1);
});
