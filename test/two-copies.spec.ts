import * as common from '@nestjs/common';
import * as core from '@nestjs/core';
import { afterEach, describe, expect, it, jest } from '@jest/globals';
import * as promClient from 'prom-client';
import * as ours from '../lib/index.js';
import {
  CIRCUIT_BREAKER_METRICS_REGISTRY,
  CircuitBreakerPrometheusModule,
} from '../lib/prometheus/index.js';
import * as ourTesting from '../lib/testing/index.js';
import { MetricsPage } from './support/metrics-page.js';
import {
  closeApps,
  plainModule,
  startContext,
  startHttp,
} from './support/nest-app.js';

const { Controller, Get, Injectable, UseInterceptors } = common;
const { CircuitBreakerModule, CircuitBreakerRegistry } = ours;

// What both copies find installed: one Nest, one prom-client.
jest.unstable_mockModule('@nestjs/common', () => common);
jest.unstable_mockModule('@nestjs/core', () => core);
jest.unstable_mockModule('prom-client', () => promClient);
jest.resetModules();
const theirs = await import('../lib/index.js');
const theirPrometheus = await import('../lib/prometheus/index.js');
const theirTesting = await import('../lib/testing/index.js');

afterEach(closeApps);

// An application that loads the ESM build may have a library that loads the CommonJS one.
describe('two copies of the package in one application', () => {
  it('are two', () => {
    expect(theirs.CircuitBreaker).not.toBe(ours.CircuitBreaker);
    expect(theirs.CircuitOpenException).not.toBe(ours.CircuitOpenException);
  });

  it("run what the other's decorators say", async () => {
    const told: string[] = [];
    @Injectable()
    class Rates {
      constructor(
        @theirs.InjectCircuit('declared by a feature')
        readonly circuit: ours.Circuit,
      ) {}

      @theirs.CircuitBreaker('rates', {
        consecutiveFailures: 1,
        fallback: () => 'last',
      })
      async rate(): Promise<string> {
        throw new Error('down');
      }

      @theirs.CircuitBreaker('signals')
      async signal(
        // Ours, in a method that theirs protects.
        @ours.CallSignal() signal?: AbortSignal,
      ): Promise<boolean | undefined> {
        return signal?.aborted;
      }

      @theirs.OnCircuitEvent('transition')
      tell({ name, to }: ours.CircuitEvent<'transition'>): void {
        told.push(`${name} ${to}`);
      }
    }
    class MadeRates {
      @theirs.CircuitBreaker('rates')
      async rate(): Promise<string> {
        return 'never';
      }
    }
    const { app } = await startHttp(
      plainModule({
        imports: [
          CircuitBreakerModule.forRoot(),
          theirs.CircuitBreakerModule.forFeature([
            { name: 'declared by a feature', openDuration: '3s' },
          ]),
        ],
        providers: [
          Rates,
          { provide: 'made', useFactory: () => new MadeRates() },
        ],
      }),
    );

    const rates = app.get(Rates);
    expect(rates.circuit.rules.openDuration).toBe(3_000);
    expect(await rates.rate()).toBe('last');
    expect(app.get(CircuitBreakerRegistry).get('rates').state).toBe('open');
    expect(told).toEqual(['rates open']);
    expect(await rates.signal()).toBe(false);
    // Adopted by ours: Nest did not make it.
    const error: unknown = await app
      .get<MadeRates>('made')
      .rate()
      .catch((thrown: unknown) => thrown);
    expect(ours.isRejection(error)).toBe(true);
  });

  it("stop the start for a circuit that nothing declares, asked for by the other's decorator", async () => {
    @Injectable()
    class Asking {
      constructor(
        @theirs.InjectCircuit('nobody declares it')
        readonly circuit: ours.Circuit,
      ) {}
    }
    await expect(
      startContext(
        plainModule({
          imports: [CircuitBreakerModule.forRoot()],
          providers: [Asking],
        }),
      ),
    ).rejects.toThrow('Asking: asks for circuit "nobody declares it"');
  });

  it("put the circuits on the clock of the other's testing module", async () => {
    const app = await startContext(
      plainModule({
        imports: [
          CircuitBreakerModule.forRoot({
            circuits: { payments: { consecutiveFailures: 1 } },
          }),
          theirTesting.CircuitBreakerTestingModule,
        ],
      }),
    );
    const circuit = app.get(CircuitBreakerRegistry).get('payments');
    circuit.tryAcquire()!.failure(new Error('down'));
    await app.get(theirTesting.VirtualClock).advance(20_000);

    expect(circuit.snapshot().retryAfter).toBe(40_000);
  });

  it("inject no faults into a circuit that has the other's already", () => {
    const clock = new ourTesting.VirtualClock();
    const circuit = new ours.Circuit('payments', {}, { clock });
    ourTesting.injectFaults(circuit, { errorRate: 1 });
    expect(() => theirTesting.injectFaults(circuit, { errorRate: 1 })).toThrow(
      'the circuit has some already',
    );
  });

  it("answer with the other's rejections, once and with Retry-After", async () => {
    @theirs.CircuitBreaker('of the class')
    @Controller()
    class Handlers {
      @Get('class')
      byClass(): string {
        return 'never';
      }
    }
    @Controller()
    class Others {
      @UseInterceptors(theirs.CircuitBreakerInterceptor)
      @theirs.CircuitBreaker('of the handler')
      @Get('handler')
      byInterceptor(): string {
        return 'never';
      }
    }
    const { app, url } = await startHttp(
      plainModule({
        imports: [CircuitBreakerModule.forRoot()],
        controllers: [Handlers, Others],
      }),
    );
    const circuits = app.get(CircuitBreakerRegistry);
    for (const [path, name] of [
      ['class', 'of the class'],
      ['handler', 'of the handler'],
    ] as const) {
      const circuit = circuits.get(name);
      circuit.configure({ consecutiveFailures: 1, openJitter: 0 });
      circuit.tryAcquire()!.failure(new Error('down'));
      const answer = await fetch(`${url}/${path}`);
      expect(await answer.json()).toMatchObject({
        code: 'CIRCUIT_OPEN',
        circuit: name,
      });
      expect(answer.headers.get('retry-after')).toBe('60');
      expect(circuit.snapshot().totals.rejected).toBe(1);
    }
  });

  it('sum up what both report to one registry of metrics, under one token', async () => {
    expect(theirPrometheus.CIRCUIT_BREAKER_METRICS_REGISTRY).toBe(
      CIRCUIT_BREAKER_METRICS_REGISTRY,
    );
    const registry = new promClient.Registry();
    await callWith(CircuitBreakerPrometheusModule.forRoot({ registry }));
    await callWith(
      theirPrometheus.CircuitBreakerPrometheusModule.forRoot({ registry }),
    );

    const page = new MetricsPage(await registry.metrics());
    expect(
      page.value('circuit_breaker_calls_total', { result: 'success' }),
    ).toBe(2);
  });
});

/** One successful call in an application that reports with a wing. */
async function callWith(wing: common.DynamicModule): Promise<void> {
  const { app } = await startHttp(
    plainModule({
      imports: [
        CircuitBreakerModule.forRoot({ circuits: { payments: {} } }),
        wing,
      ],
    }),
  );
  app.get(CircuitBreakerRegistry).get('payments').tryAcquire()!.success(1);
}
