import { afterEach, describe, expect, it, jest } from '@jest/globals';
import {
  PrometheusExporter,
  PrometheusSerializer,
} from '@opentelemetry/exporter-prometheus';
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
  type DataPoint,
  type Histogram,
} from '@opentelemetry/sdk-metrics';
import { Registry } from 'prom-client';
import {
  openTelemetryOptionsSchema,
  type CircuitBreakerOpenTelemetryOptions,
} from '../../lib/opentelemetry/open-telemetry-options.js';
import { ReportedMetrics } from '../../lib/opentelemetry/reported-metrics.js';
import { prometheusOptionsSchema } from '../../lib/prometheus/prometheus-options.js';
import { RegisteredMetrics } from '../../lib/prometheus/registered-metrics.js';
import type { CircuitBreakerRegistry } from '../../lib/registry/circuit-breaker.registry.js';
import type { CircuitBreakerModuleOptions } from '../../lib/registry/module-options.js';
import { parseOptions } from '../../lib/state/parse-options.js';
import { MetricsPage } from '../support/metrics-page.js';
import { RegistryBench } from '../support/registry-bench.js';

const providers: MeterProvider[] = [];

afterEach(async () => {
  await Promise.all(providers.splice(0).map(provider => provider.shutdown()));
});

describe('the OpenTelemetry metrics', () => {
  it('are the same as those of Prometheus, once its exporter has written them', async () => {
    const { registry } = outage();
    const exporter = new PrometheusExporter({ preventServerStart: true });
    report(registry, new MeterProvider({ readers: [exporter] }));
    const target = new Registry();
    RegisteredMetrics.in(
      target,
      parseOptions(prometheusOptionsSchema, {}, 'the test'),
    ).add(registry);
    callThrough(registry);

    const { resourceMetrics } = await exporter.collect();
    // This exporter leaves out the unit, which the Collector and Prometheus's own receiver add.
    const text = new PrometheusSerializer()
      .serialize(resourceMetrics)
      .replaceAll(
        /^(circuit_breaker_\w+?(?:_duration|_timestamp))(?=_bucket|_sum|_count|\{)/gm,
        '$1_seconds',
      );
    const theirs = seriesOf(text, name => name !== 'target_info');
    expect(theirs.length).toBeGreaterThan(30);
    expect(theirs).toEqual(seriesOf(await target.metrics()));
  });

  it('reach an exporter', async () => {
    const { registry } = outage();
    const read = reader(registry);
    callThrough(registry);

    const all = await read();
    expect(all.get('circuit_breaker.calls')).toEqual([
      [{ name: 'payments', result: 'success' }, 1],
      [{ name: 'payments', result: 'failure' }, 3],
      [{ name: 'payments', result: 'ignored' }, 0],
      [{ name: 'payments', result: 'rejected' }, 1],
    ]);
    expect(all.get('circuit_breaker.state')).toEqual([
      [{ name: 'payments', mode: 'enforced' }, 1],
    ]);
  });

  it('say their unit, and what they mean', async () => {
    const { provider, collect, about } = sdk();
    const { registry } = outage();
    report(registry, provider);
    callThrough(registry);
    await collect();
    expect(about('circuit_breaker.in_flight')).toMatchObject({
      unit: '',
      description: 'Calls that were admitted and have not ended.',
    });
    expect(about('circuit_breaker.state.since.timestamp')).toMatchObject({
      unit: 's',
    });
    expect(about('circuit_breaker.call.duration')).toMatchObject({
      unit: 's',
      description:
        'How long the calls took that ended in success or failure, in seconds.',
    });
  });

  it('have the durations of calls in seconds', async () => {
    const { registry } = outage();
    const read = reader(registry);
    registry.get('payments').tryAcquire()!.success(120);

    const [[attributes, duration]] = (await read()).get(
      'circuit_breaker.call.duration',
    ) as [[unknown, Histogram]];
    expect(attributes).toEqual({ name: 'payments' });
    expect(duration).toMatchObject({ count: 1, sum: 0.12 });
    expect(duration.buckets.boundaries).toContain(0.005);
  });

  it('leave calls that were ignored out of the durations', async () => {
    const { registry } = outage();
    const read = reader(registry);
    registry.get('payments').tryAcquire()!.success(120);
    registry.get('payments').tryAcquire()!.release();
    const [[, duration]] = (await read()).get(
      'circuit_breaker.call.duration',
    ) as [[unknown, Histogram]];
    expect(duration.count).toBe(1);
  });

  it('show the same state again when they are read again', async () => {
    const { registry } = outage();
    const read = reader(registry);
    registry.get('payments').forceOpen();
    const first = (await read()).get('circuit_breaker.state');
    expect(first).toEqual([[{ name: 'payments', mode: 'enforced' }, 3]]);
    expect((await read()).get('circuit_breaker.state')).toEqual(first);
  });

  it('listen to no call without the durations', async () => {
    const { registry } = outage();
    const read = reader(registry, { durations: false });
    const { emitter } = registry.get('payments').machine;
    expect(emitter.hears('success')).toBe(false);
    expect((await read()).has('circuit_breaker.call.duration')).toBe(false);
  });

  it('leave no series behind when the mode changes', async () => {
    const { registry } = outage();
    const read = reader(registry);
    registry.get('payments').forceOpen();
    await read();
    registry.configure('payments', { mode: 'shadow' });

    expect((await read()).get('circuit_breaker.state')).toEqual(
      expect.arrayContaining([
        [{ name: 'payments', mode: 'enforced' }, 0],
        [{ name: 'payments', mode: 'shadow' }, 3],
      ]),
    );
  });

  it('are summed for applications that share a meter', async () => {
    const { provider, collect } = sdk();
    const first = outage();
    const second = outage();
    const stopFirst = report(first.registry, provider);
    report(second.registry, provider);
    callThrough(first.registry);
    callThrough(second.registry);
    const failures = async () =>
      valueOf(await collect(), 'circuit_breaker.calls', 'failure');

    expect(await failures()).toBe(6);
    stopFirst();
    expect(await failures()).toBe(6);
  });

  it('never set back what was counted of a name whose application has ended', async () => {
    const { provider, collect } = sdk();
    const first = outage();
    const stopFirst = report(first.registry, provider);
    report(new RegistryBench({ circuits: { search: {} } }).registry, provider);
    callThrough(first.registry);
    await collect();
    stopFirst();
    const all = await collect();

    expect(valueOf(all, 'circuit_breaker.calls', 'failure')).toBe(3);
    // Of the state nobody is to believe that it still is what it was.
    expect(all.get('circuit_breaker.state')).toContainEqual([
      { name: 'payments', mode: 'enforced' },
      0,
    ]);
  });

  it('go on for an application when another one of the meter has ended', async () => {
    const { provider, collect } = sdk();
    const first = outage();
    const second = outage();
    const stopFirst = report(first.registry, provider);
    report(second.registry, provider);
    callThrough(second.registry);
    await collect();
    stopFirst();
    second.registry.get('payments').tryAcquire();
    expect(valueOf(await collect(), 'circuit_breaker.calls', 'rejected')).toBe(
      2,
    );
  });

  it('have durations that are bounded by maxNames', async () => {
    const { registry } = new RegistryBench();
    const read = reader(registry, { maxNames: 1 });
    for (let host = 0; host < 3; host++) {
      registry.getOrCreate(`host-${host}`).tryAcquire()!.success(1);
    }
    const names = (await read())
      .get('circuit_breaker.call.duration')!
      .map(([{ name }]) => name);
    expect(names).toEqual(['host-0', '(other)']);
  });

  it('are bounded by maxNames', async () => {
    const { registry } = new RegistryBench();
    const read = reader(registry, { maxNames: 1 });
    for (let host = 0; host < 3; host++) {
      registry.getOrCreate(`host-${host}`).tryAcquire()!.success(1);
    }
    const names = (await read())
      .get('circuit_breaker.state')!
      .map(([{ name }]) => name);
    expect(names).toEqual(['host-0', '(other)']);
  });

  it('are read no more once the application has ended', async () => {
    const { provider, collect } = sdk();
    const { registry } = outage();
    report(registry, provider)();
    expect((await collect()).size).toBe(0);
  });

  it('listen to no call once the application has ended', () => {
    const { registry } = outage();
    report(registry, sdk().provider)();
    expect(registry.get('payments').machine.emitter.interest).toBe(0);
  });

  it('take back from the meter what they gave it', () => {
    const { provider } = sdk();
    const meter = provider.getMeter('test');
    const added = jest.spyOn(meter, 'addBatchObservableCallback');
    const removed = jest.spyOn(meter, 'removeBatchObservableCallback');
    report(outage().registry, provider)();
    expect(removed.mock.calls).toHaveLength(1);
    expect(removed.mock.calls).toEqual(added.mock.calls);
  });

  it('have the options of the next application once all have ended', () => {
    const { provider } = sdk();
    report(outage().registry, provider, { durations: false })();
    const { registry } = outage();
    report(registry, provider);
    expect(registry.get('payments').machine.emitter.hears('success')).toBe(
      true,
    );
  });
});

/** A circuit that three failures open. */
function outage(options: CircuitBreakerModuleOptions = {}): RegistryBench {
  return new RegistryBench({
    circuits: { payments: { consecutiveFailures: 3 } },
    ...options,
  });
}

/** One success, three failures and one rejection. */
function callThrough(registry: CircuitBreakerRegistry): void {
  const circuit = registry.get('payments');
  circuit.tryAcquire()!.success(20);
  for (let call = 0; call < 3; call++) circuit.tryAcquire()!.failure('no', 300);
  circuit.tryAcquire();
}

function report(
  registry: CircuitBreakerRegistry,
  provider: MeterProvider,
  options: CircuitBreakerOpenTelemetryOptions = {},
): () => void {
  const rules = parseOptions(openTelemetryOptionsSchema, options, 'the test');
  providers.push(provider);
  return ReportedMetrics.of(provider.getMeter('test'), rules).add(registry);
}

type Values = Map<string, [Record<string, unknown>, unknown][]>;

function reader(
  registry: CircuitBreakerRegistry,
  options?: CircuitBreakerOpenTelemetryOptions,
): () => Promise<Values> {
  const { provider, collect } = sdk();
  report(registry, provider, options);
  return collect;
}

/** The SDK's own reader and an exporter that keeps what it gets. */
function sdk() {
  const exporter = new InMemoryMetricExporter(
    AggregationTemporality.CUMULATIVE,
  );
  const provider = new MeterProvider({
    readers: [new PeriodicExportingMetricReader({ exporter })],
  });
  const collect = async (): Promise<Values> => {
    exporter.reset();
    await provider.forceFlush();
    const values: Values = new Map();
    for (const { scopeMetrics } of exporter.getMetrics()) {
      for (const { descriptor, dataPoints } of scopeMetrics.flatMap(
        ({ metrics }) => metrics,
      )) {
        values.set(
          descriptor.name,
          (dataPoints as DataPoint<unknown>[]).map(({ attributes, value }) => [
            attributes,
            value,
          ]),
        );
      }
    }
    return values;
  };
  const about = (name: string) =>
    exporter
      .getMetrics()
      .flatMap(({ scopeMetrics }) => scopeMetrics)
      .flatMap(({ metrics }) => metrics)
      .find(({ descriptor }) => descriptor.name === name)?.descriptor;
  return { provider, collect, about };
}

function valueOf(values: Values, metric: string, result: string): unknown {
  return values
    .get(metric)
    ?.find(([attributes]) => attributes['result'] === result)?.[1];
}

/** Every series and its value, without the labels of the exporter's own. */
function seriesOf(
  text: string,
  isOurs: (name: string) => boolean = () => true,
): string[] {
  return new MetricsPage(text).samples
    .filter(({ name }) => isOurs(name))
    .map(({ name, labels, value }) => {
      const own = Object.entries(labels)
        .filter(([key]) => !key.startsWith('otel_'))
        .toSorted(([a], [b]) => a.localeCompare(b));
      return `${name} ${JSON.stringify(own)} ${value}`;
    })
    .toSorted();
}
