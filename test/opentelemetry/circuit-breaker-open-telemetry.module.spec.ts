import { Injectable, Module, type DynamicModule } from '@nestjs/common';
import { metrics } from '@opentelemetry/api';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics';
import { CircuitBreakerModule } from '../../lib/circuit-breaker.module.js';
import {
  CircuitBreakerOpenTelemetryModule,
  type CircuitBreakerOpenTelemetryOptions,
  type CircuitBreakerOpenTelemetryOptionsFactory,
} from '../../lib/opentelemetry/index.js';
import { openTelemetryOptionsSchema } from '../../lib/opentelemetry/open-telemetry-options.js';
import { CircuitBreakerRegistry } from '../../lib/registry/circuit-breaker.registry.js';
import { parseOptions } from '../../lib/state/parse-options.js';
import {
  closeApp,
  closeApps,
  plainModule,
  startContext,
} from '../support/nest-app.js';
import { problemsFrom } from '../support/registry-bench.js';

const providers: MeterProvider[] = [];

const parse = (options: object) =>
  parseOptions(openTelemetryOptionsSchema, options as never, 'the test');

afterEach(async () => {
  await closeApps();
  metrics.disable();
  await Promise.all(providers.splice(0).map(provider => provider.shutdown()));
});

describe('CircuitBreakerOpenTelemetryModule', () => {
  let options: CircuitBreakerOpenTelemetryOptions;
  let collect: () => Promise<unknown>;
  const ours = { scope: 'nestjs-breaker', circuits: 1 };

  beforeEach(() => {
    const { meterProvider, collect: collected } = sdk();
    options = { meterProvider };
    collect = collected;
  });

  @Injectable()
  class Settings implements CircuitBreakerOpenTelemetryOptionsFactory {
    create() {
      return Promise.resolve(options);
    }
  }

  @Module({ providers: [Settings], exports: [Settings] })
  class SettingsModule {}

  it.each<[string, () => DynamicModule]>([
    ['forRoot', () => CircuitBreakerOpenTelemetryModule.forRoot(options)],
    [
      'useFactory with what it injects',
      () =>
        CircuitBreakerOpenTelemetryModule.forRootAsync({
          imports: [SettingsModule],
          inject: [Settings],
          useFactory: (settings: Settings) => settings.create(),
        }),
    ],
    [
      'useClass',
      () =>
        CircuitBreakerOpenTelemetryModule.forRootAsync({ useClass: Settings }),
    ],
    [
      'useExisting',
      () =>
        CircuitBreakerOpenTelemetryModule.forRootAsync({
          imports: [SettingsModule],
          useExisting: Settings,
        }),
    ],
  ])('takes its options from %s', async (_form, wing) => {
    await startContext(shop(wing()));

    expect(await collect()).toEqual(ours);
  });

  it('reports to the global provider, as it is when the application starts, where none is given', async () => {
    const wing = CircuitBreakerOpenTelemetryModule.forRoot();
    metrics.setGlobalMeterProvider(options.meterProvider!);
    await startContext(shop(wing));

    expect(await collect()).toEqual(ours);
  });

  it('reports to the given provider alone', async () => {
    const global = sdk();
    metrics.setGlobalMeterProvider(global.meterProvider);
    await startContext(
      shop(CircuitBreakerOpenTelemetryModule.forRoot(options)),
    );

    expect(await collect()).toEqual(ours);
    expect(await global.collect()).toBeUndefined();
  });

  it('reports no metrics if it is not to, and listens to no call for them', async () => {
    const app = await startContext(
      shop(
        CircuitBreakerOpenTelemetryModule.forRoot({
          ...options,
          metrics: false,
        }),
      ),
    );

    expect(await collect()).toBeUndefined();
    const { emitter } = app.get(CircuitBreakerRegistry).get('payments').machine;
    expect(emitter.hears('success')).toBe(false);
    expect(emitter.hears('rejected')).toBe(true);
  });

  it('reports no more of an application that is closed', async () => {
    const app = await startContext(
      shop(CircuitBreakerOpenTelemetryModule.forRoot(options)),
    );
    await closeApp(app);

    expect(await collect()).toBeUndefined();
  });

  it('takes nothing from others when its application is closed again', async () => {
    const closed = await startWing(options);
    closed.onApplicationShutdown();
    const second = await startWing(options);
    closed.onApplicationShutdown();
    await startWing(options);
    second.onApplicationShutdown();

    expect(await collect()).toEqual(ours);
  });

  it('finds circuits that are not global', async () => {
    await startContext(
      plainModule({
        imports: [
          CircuitBreakerModule.forRoot({
            circuits: { payments: {} },
            isGlobal: false,
          }),
          CircuitBreakerOpenTelemetryModule.forRoot(options),
        ],
      }),
    );

    expect(await collect()).toEqual(ours);
  });

  it('says what is missing without circuits', async () => {
    await expect(
      startContext(
        plainModule({ imports: [CircuitBreakerOpenTelemetryModule.forRoot()] }),
      ),
    ).rejects.toThrow(
      'CircuitBreakerOpenTelemetryModule finds no circuits: import CircuitBreakerModule.forRoot()',
    );
  });

  it('says whose options cannot be taken', async () => {
    await expect(
      startContext(
        shop(
          CircuitBreakerOpenTelemetryModule.forRoot({ metrics: 1 as never }),
        ),
      ),
    ).rejects.toThrow(/^CircuitBreakerOpenTelemetryModule: an option cannot/);
  });
});

describe('the options of OpenTelemetry', () => {
  it('report everything, of a thousand names, where nothing is said', () => {
    expect(parse({})).toEqual({
      metrics: true,
      durations: true,
      spanEvents: true,
      maxNames: 1_000,
    });
  });

  it.each([
    ['metrics', 'yes', 'true or false'],
    ['durations', 1, 'true or false'],
    ['spanEvents', null, 'true or false'],
    ['maxNames', 0, 'a whole number of at least 1'],
    ['maxNames', 1.5, 'a whole number of at least 1'],
    ['meterProvider', null, 'a MeterProvider, of the API or of the SDK'],
    ['meterProvider', {}, 'a MeterProvider, of the API or of the SDK'],
    ['meterProvider', () => 1, 'a MeterProvider, of the API or of the SDK'],
  ])('refuse %s: %p, and say what it takes', (key, value, takes) => {
    expect(problemsFrom(() => parse({ [key]: value }))).toEqual([
      expect.stringMatching(new RegExp(`^${key}: got .*, takes ${takes}$`)),
    ]);
  });

  it('refuse a name that none of them has', () => {
    expect(problemsFrom(() => parse({ spanEvent: true }))).toEqual([
      expect.stringContaining('did you mean "spanEvents"'),
    ]);
  });
});

/** An application with one circuit and the module that is looked at. */
function shop(wing: DynamicModule) {
  return plainModule({
    imports: [
      CircuitBreakerModule.forRoot({ circuits: { payments: {} } }),
      wing,
    ],
  });
}

/** The wing of an application that has started. */
async function startWing(options: CircuitBreakerOpenTelemetryOptions) {
  const app = await startContext(
    shop(CircuitBreakerOpenTelemetryModule.forRoot(options)),
  );
  return app.get(CircuitBreakerOpenTelemetryModule);
}

/** The SDK's own reader: in which scope our metrics are, and how many circuits' states; `undefined` without any. */
function sdk() {
  const exporter = new InMemoryMetricExporter(
    AggregationTemporality.CUMULATIVE,
  );
  const meterProvider = new MeterProvider({
    readers: [new PeriodicExportingMetricReader({ exporter })],
  });
  providers.push(meterProvider);
  const collect = async () => {
    exporter.reset();
    await meterProvider.forceFlush();
    return exporter
      .getMetrics()
      .flatMap(({ scopeMetrics }) => scopeMetrics)
      .map(({ scope, metrics: all }) => ({
        scope: scope.name,
        circuits: all.find(
          ({ descriptor }) => descriptor.name === 'circuit_breaker.state',
        )?.dataPoints.length,
      }))
      .at(0);
  };
  return { meterProvider, collect };
}
