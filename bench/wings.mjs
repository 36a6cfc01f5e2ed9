/**
 * What the wings that watch cost a call, and what a scrape costs. Not part of
 * `npm run bench`: it has no peers to stand beside. Run it after a build with
 *
 *   node bench/wings.mjs
 */
import 'reflect-metadata';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { MeterProvider } from '@opentelemetry/sdk-metrics';
import { CircuitBreakerModule, CircuitBreakerRegistry } from 'nestjs-breaker';
import { CircuitBreakerOpenTelemetryModule } from 'nestjs-breaker/opentelemetry';
import { CircuitBreakerPrometheusModule } from 'nestjs-breaker/prometheus';
import { Histogram, Registry } from 'prom-client';
import { median } from './statistics.mjs';

const ROUNDS = 25;
const CALLS = 20_000;
const answer = () => Promise.resolve(1);

/** @typedef {import('nestjs-breaker').Circuit} Circuit */
/** @typedef {import('@nestjs/common').DynamicModule} DynamicModule */

/** @param {DynamicModule[]} wings */
async function circuitsWith(wings) {
  // oxlint-disable-next-line typescript/no-extraneous-class -- decorated below
  class App {}
  Module({ imports: [CircuitBreakerModule.forRoot(), ...wings] })(App);
  const app = await NestFactory.createApplicationContext(App, {
    logger: false,
  });
  return app.get(CircuitBreakerRegistry);
}

/** prom-client's own way to observe, for comparison. */
async function withObserve() {
  const circuits = await circuitsWith([]);
  const histogram = new Histogram({
    name: 'durations',
    help: 'durations',
    labelNames: ['name'],
    registers: [new Registry()],
  });
  circuits.events$.subscribe(event => {
    if (event.type === 'success' && event.duration !== null) {
      histogram.observe({ name: event.name }, event.duration / 1000);
    }
  });
  return circuits;
}

const { forRoot: prometheus } = CircuitBreakerPrometheusModule;
const inPrometheus = prometheus.bind(CircuitBreakerPrometheusModule);
const inOpenTelemetry = CircuitBreakerOpenTelemetryModule.forRoot.bind(
  CircuitBreakerOpenTelemetryModule,
);
const meterProvider = new MeterProvider();

/** @type {Record<string, () => Promise<CircuitBreakerRegistry>>} */
const SUBJECTS = {
  'without a wing': () => circuitsWith([]),
  'without a wing, again': () => circuitsWith([]),
  'prometheus, durations: false': () =>
    circuitsWith([inPrometheus({ durations: false })]),
  prometheus: () => circuitsWith([inPrometheus()]),
  'events$ and observe() of prom-client': withObserve,
  'opentelemetry, durations: false': () =>
    circuitsWith([
      inOpenTelemetry({
        durations: false,
        meterProvider: new MeterProvider(),
      }),
    ]),
  opentelemetry: () => circuitsWith([inOpenTelemetry({ meterProvider })]),
};

/** Nanoseconds of CPU for each call: neighbours on the machine do not change them. @param {Circuit} circuit */
async function round(circuit) {
  const start = process.cpuUsage();
  for (let call = 0; call < CALLS; call++) await circuit.execute(answer);
  const { user, system } = process.cpuUsage(start);
  return ((user + system) * 1_000) / CALLS;
}

/** @type {Map<string, { circuit: Circuit, rounds: number[] }>} */
const measured = new Map();
for (const [name, make] of Object.entries(SUBJECTS)) {
  const circuit = (await make()).getOrCreate('payments');
  for (let warmUp = 0; warmUp < 5; warmUp++) await round(circuit);
  measured.set(name, { circuit, rounds: [] });
}
for (let turn = 0; turn < ROUNDS; turn++) {
  for (const { circuit, rounds } of measured.values()) {
    rounds.push(await round(circuit));
  }
}
const [[, bare] = []] = measured;
const base = median(bare?.rounds ?? []);
for (const [name, { rounds }] of measured) {
  const each = median(rounds);
  console.log(
    `${name.padEnd(40)} ${each.toFixed(0).padStart(6)} ns of CPU a call  ${(each - base).toFixed(0).padStart(6)} ns more`,
  );
}

for (const [names, keys] of [
  [100, 0],
  [500, 0],
  [10, 1_000],
]) {
  const registry = new Registry();
  const circuits = await circuitsWith([inPrometheus({ registry })]);
  for (let name = 0; name < names; name++) {
    const circuit = circuits.getOrCreate(`circuit-${name}`);
    await circuit.execute(answer);
    for (let key = 0; key < keys; key++) {
      await circuits.keyed(circuit.name, `${key}`).execute(answer);
    }
  }
  const times = [];
  let size = 0;
  for (let scrape = 0; scrape < 15; scrape++) {
    const start = process.cpuUsage();
    size = (await registry.metrics()).length;
    const { user, system } = process.cpuUsage(start);
    times.push((user + system) / 1_000);
  }
  console.log(
    `a scrape of ${names} names with ${keys} keys each: ${median(times).toFixed(1)} ms of CPU, ${(size / 1024).toFixed(0)} KB`,
  );
}
