import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { Registry } from 'prom-client';
import { prometheusOptionsSchema } from '../../lib/prometheus/prometheus-options.js';
import { RegisteredMetrics } from '../../lib/prometheus/registered-metrics.js';
import { parseOptions } from '../../lib/state/parse-options.js';
import { MetricsPage } from '../support/metrics-page.js';
import { RegistryBench } from '../support/registry-bench.js';

const FILES = [
  'observability/prometheus/circuit-breaker.rules.yml',
  'observability/prometheus/circuit-breaker.rules.test.yml',
  'observability/grafana/circuit-breaker.dashboard.json',
  'docs/observability.md',
];

/** Labels that are added when Prometheus scrapes or sums. */
const SCRAPED = ['job', 'instance'];

describe.each(FILES)('%s', file => {
  const text = readFileSync(file, 'utf8').replaceAll('\\"', '"');

  it('names only metrics that the code exports', async () => {
    const { samples } = await exported();
    const names = new Set(samples.map(({ name }) => name));
    const used = [...text.matchAll(/\bcircuit_breaker_\w+/g)].map(([n]) => n);
    expect(used.length).toBeGreaterThan(5);
    expect(
      used.filter(
        name =>
          !names.has(name) && name !== 'circuit_breaker_call_duration_seconds',
      ),
    ).toEqual([]);
  });

  it('selects by labels and values that they have', async () => {
    const page = await exported();
    const selectors = text.matchAll(/\b(circuit_breaker_\w+)\{([^{}]*)\}/g);
    for (const [selector, name, labels] of selectors) {
      for (const [, label, operator, value] of labels!.matchAll(
        /(\w+)(=~|!=|=)"([^"]*)"/g,
      )) {
        if (SCRAPED.includes(label!) || label === 'name') continue;
        const values = page.all(name!).map(({ labels: own }) => own[label!]);
        const wanted = operator === '=~' ? value!.split('|') : [value!];
        expect({ selector, values }).toEqual({
          selector,
          values: expect.arrayContaining(wanted),
        });
      }
    }
  });
});

it('the Grafana dashboard shows every metric', async () => {
  const dashboard = readFileSync(FILES[2]!, 'utf8');
  const { names } = await exported();
  expect(names.filter(name => !dashboard.includes(name))).toEqual([]);
});

/** A page with every series that there can be. */
async function exported(): Promise<MetricsPage> {
  const { registry } = new RegistryBench({
    circuits: { payments: {}, search: { mode: 'shadow' }, stock: {} },
  });
  const target = new Registry();
  RegisteredMetrics.in(
    target,
    parseOptions(prometheusOptionsSchema, {}, 'the test'),
  ).add(registry);
  registry.get('payments').tryAcquire()!.success(1);
  registry.keyed('stock', 'lyon').tryAcquire()!.success(1);
  return new MetricsPage(await target.metrics());
}
