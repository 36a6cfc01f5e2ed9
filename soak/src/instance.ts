import 'reflect-metadata';
import { setTimeout as sleep } from 'node:timers/promises';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { CircuitBreakerModule, CircuitBreakerRegistry } from 'nestjs-breaker';
import { CircuitBreakerDashboardModule } from 'nestjs-breaker/dashboard';
import { CircuitBreakerOpenTelemetryModule } from 'nestjs-breaker/opentelemetry';
import { CircuitBreakerPrometheusModule } from 'nestjs-breaker/prometheus';
import { CircuitBreakerFleetModule } from 'nestjs-breaker/redis';
import { Dependency } from './dependency.js';
import { Ledger, type Entry } from './ledger.js';
import { seededRandom } from './random.js';
import { CIRCUITS, Shop } from './shop.js';
import { Traffic } from './traffic.js';

/** What the parent tells an instance. */
export type InstanceOrder = 'sample' | 'stop' | 'close';

/** How an instance is doing. */
export interface Sample {
  readonly heapMb: number;
  /** What keeps the process alive, by kind. */
  readonly handles: number;
  readonly calls: number;
}

/** The books of an instance, to be compared. */
export interface Books {
  readonly isSettled: boolean;
  readonly ledger: Readonly<Record<string, Entry>>;
  readonly totals: Readonly<Record<string, Record<string, number>>>;
  readonly events: Readonly<Record<string, Record<string, number>>>;
  readonly inFlight: number;
  readonly unhandled: readonly string[];
}

const [upstreamUrl = '', redisUrl = '', seed = '1', rate = '200'] =
  process.argv.slice(2);
const ledger = new Ledger();
const random = seededRandom(Number(seed));
const unhandled: string[] = [];

@Module({
  imports: [
    CircuitBreakerModule.forRoot({
      // Short times, so that every state comes round often.
      defaults: {
        openDuration: '1s',
        maxOpenDuration: '5s',
        slowCallDuration: '150ms',
        halfOpen: { calls: 4, callDeadline: '500ms', maxDuration: '2s' },
      },
      circuits: Object.fromEntries(
        Object.values(CIRCUITS).map(name => [name, {}]),
      ),
    }),
    CircuitBreakerFleetModule.forRoot({
      connection: redisUrl,
      namespace: 'soak',
    }),
    CircuitBreakerPrometheusModule.forRoot({ path: '/metrics' }),
    CircuitBreakerOpenTelemetryModule.forRoot(),
    CircuitBreakerDashboardModule.forRoot({ path: '/circuits' }),
  ],
  providers: [
    { provide: Ledger, useValue: ledger },
    { provide: Dependency, useValue: new Dependency(upstreamUrl, ledger) },
    Shop,
  ],
})
class InstanceModule {}

const app = await NestFactory.create(InstanceModule, {
  logger: ['fatal'],
  forceCloseConnections: true,
});
await app.listen(0, '127.0.0.1');
// What goes wrong at the start ends the process.
process.on('unhandledRejection', reason => unhandled.push(String(reason)));
process.on('uncaughtException', error => unhandled.push(String(error.stack)));
const registry = app.get(CircuitBreakerRegistry);
const events = countEvents();
const traffic = new Traffic(app.get(Shop), registry, ledger, random);
traffic.start(Number(rate));
process.send?.({ url: await app.getUrl() });

process.on('message', (order: InstanceOrder) => {
  void answer(order);
});
process.on('disconnect', () => process.exit());

async function answer(order: InstanceOrder): Promise<void> {
  switch (order) {
    case 'sample':
      process.send?.(await sample());
      break;
    case 'stop':
      traffic.stop();
      process.send?.(await books());
      break;
    case 'close':
      await app.close();
      process.exit();
  }
}

async function sample(): Promise<Sample> {
  for (let i = 0; i < 3; i++) {
    globalThis.gc?.();
    await sleep(1);
  }
  return {
    heapMb: process.memoryUsage().heapUsed / 2 ** 20,
    handles: process.getActiveResourcesInfo().length,
    calls: Object.values(ledger.entries).reduce((n, e) => n + e.issued, 0),
  };
}

/** Waits until everything has ended, or for as long as anything may take. */
async function books(): Promise<Books> {
  for (let i = 0; i < 300 && !isSettled(); i++) await sleep(100);
  // Late answers of attempts that had timed out.
  await sleep(1_000);
  return {
    isSettled: isSettled(),
    ledger: ledger.entries,
    totals: Object.fromEntries(
      registry.names().map(name => [name, { ...registry.totals(name) }]),
    ),
    events,
    inFlight: inFlight(),
    unhandled,
  };
}

function isSettled(): boolean {
  return ledger.isSettled && inFlight() === 0;
}

function inFlight(): number {
  return registry.snapshot().reduce((sum, each) => sum + each.inFlight, 0);
}

/** What the events of each circuit add up to. */
function countEvents(): Record<string, Record<string, number>> {
  const counts: Record<string, Record<string, number>> = {};
  registry.events$.subscribe(({ name, type }) => {
    const ofName = (counts[name] ??= {});
    ofName[type] = (ofName[type] ?? 0) + 1;
  });
  return counts;
}
