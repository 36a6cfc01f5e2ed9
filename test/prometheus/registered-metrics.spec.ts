import { describe, expect, it } from '@jest/globals';
import { AggregatorRegistry, Gauge, Registry } from 'prom-client';
import {
  prometheusOptionsSchema,
  type CircuitBreakerPrometheusOptions,
} from '../../lib/prometheus/prometheus-options.js';
import { RegisteredMetrics } from '../../lib/prometheus/registered-metrics.js';
import type { CircuitBreakerRegistry } from '../../lib/registry/circuit-breaker.registry.js';
import type { CircuitBreakerModuleOptions } from '../../lib/registry/module-options.js';
import { parseOptions } from '../../lib/state/parse-options.js';
import { MetricsPage } from '../support/metrics-page.js';
import { settled } from '../support/policy-host.js';
import { RegistryBench } from '../support/registry-bench.js';

const fail = (circuits: CircuitBreakerRegistry, name: string, ms?: number) =>
  circuits.get(name).tryAcquire()!.failure(new Error('down'), ms);
const succeed = (circuits: CircuitBreakerRegistry, name: string, ms?: number) =>
  circuits.get(name).tryAcquire()!.success(ms);

describe('the Prometheus metrics', () => {
  it('are those of section 9, and the answers to since when, why and until when', async () => {
    const { page } = bench({ circuits: { payments: {} } });
    expect((await page()).names.toSorted()).toEqual([
      'circuit_breaker_cache_hits_total',
      'circuit_breaker_call_duration_seconds',
      'circuit_breaker_calls_total',
      'circuit_breaker_failure_rate',
      'circuit_breaker_fallbacks_total',
      'circuit_breaker_in_flight',
      'circuit_breaker_keyed_circuits',
      'circuit_breaker_next_probe_timestamp_seconds',
      'circuit_breaker_opened_by',
      'circuit_breaker_retries_total',
      'circuit_breaker_slow_call_rate',
      'circuit_breaker_slow_calls_total',
      'circuit_breaker_state',
      'circuit_breaker_state_since_timestamp_seconds',
      'circuit_breaker_timeouts_total',
      'circuit_breaker_transitions_total',
      'circuit_breaker_would_rejects_total',
    ]);
  });

  it('say what kind they are of, what they mean, and whether processes add them up', async () => {
    const target = new Registry();
    bench({ circuits: { payments: {} } }, { registry: target });
    const told = (await target.getMetricsAsJSON()).map(
      ({ name, type, aggregator, help }) => [name, type, aggregator, help],
    );
    expect(told).toEqual([
      [
        'circuit_breaker_call_duration_seconds',
        'histogram',
        'sum',
        'How long the calls took that ended in success or failure, in seconds.',
      ],
      [
        'circuit_breaker_state',
        'gauge',
        'max',
        'Where the circuit stands: 0 closed, 1 open, 2 half-open, 3 forced open, 4 forced closed. Of keyed circuits the one in most trouble.',
      ],
      [
        'circuit_breaker_state_since_timestamp_seconds',
        'gauge',
        'max',
        'When the state began, in seconds since the epoch.',
      ],
      [
        'circuit_breaker_opened_by',
        'gauge',
        'max',
        '1 for the rule that opened the circuit, 0 for the others.',
      ],
      [
        'circuit_breaker_next_probe_timestamp_seconds',
        'gauge',
        'max',
        'When the open circuit lets the next probe through, in seconds since the epoch; 0 unless open.',
      ],
      [
        'circuit_breaker_failure_rate',
        'gauge',
        'max',
        'Failures among the calls in the window, 0 to 1; 0 without calls. While open that of the window that tripped.',
      ],
      [
        'circuit_breaker_slow_call_rate',
        'gauge',
        'max',
        'Slow calls among the calls in the window, 0 to 1; 0 without calls.',
      ],
      [
        'circuit_breaker_in_flight',
        'gauge',
        'sum',
        'Calls that were admitted and have not ended.',
      ],
      [
        'circuit_breaker_keyed_circuits',
        'gauge',
        'sum',
        'How many keyed circuits of the name are in each state.',
      ],
      [
        'circuit_breaker_calls_total',
        'counter',
        'sum',
        'Calls by what became of them: success, failure, ignored or rejected.',
      ],
      [
        'circuit_breaker_slow_calls_total',
        'counter',
        'sum',
        'Calls that took longer than slowCallDuration.',
      ],
      [
        'circuit_breaker_timeouts_total',
        'counter',
        'sum',
        'Attempts and calls that were given up because they took too long.',
      ],
      [
        'circuit_breaker_retries_total',
        'counter',
        'sum',
        'Attempts after the first one.',
      ],
      [
        'circuit_breaker_fallbacks_total',
        'counter',
        'sum',
        'Calls that a fallback answered.',
      ],
      [
        'circuit_breaker_cache_hits_total',
        'counter',
        'sum',
        'Calls that the cache answered.',
      ],
      [
        'circuit_breaker_would_rejects_total',
        'counter',
        'sum',
        'Calls that mode shadow let through and mode enforced would have rejected.',
      ],
      [
        'circuit_breaker_transitions_total',
        'counter',
        'sum',
        'Changes of state.',
      ],
    ]);
  });

  it('say it on the page, too', async () => {
    const { text } = await bench({ circuits: { payments: {} } }).page();
    expect(text).toContain('# TYPE circuit_breaker_calls_total counter\n');
    expect(text).toContain(
      '# HELP circuit_breaker_in_flight Calls that were admitted and have not ended.\n',
    );
  });

  it('have a series for each rule that may open a circuit', async () => {
    const { page } = bench({ circuits: { payments: {} } });
    expect(
      (await page())
        .all('circuit_breaker_opened_by')
        .map(({ labels }) => labels['rule']),
    ).toEqual([
      'failureRateThreshold',
      'slowCallRateThreshold',
      'failureCount',
      'consecutiveFailures',
      'halfOpen',
      'shared',
      'override',
    ]);
  });

  it('count calls by their result', async () => {
    const { circuits, page } = bench({
      circuits: { payments: { consecutiveFailures: 2 } },
    });
    succeed(circuits, 'payments');
    fail(circuits, 'payments');
    circuits.get('payments').tryAcquire()!.release();
    fail(circuits, 'payments');
    circuits.get('payments').tryAcquire();
    circuits.get('payments').tryAcquire();
    circuits.get('payments').tryAcquire();

    const all = (await page()).all('circuit_breaker_calls_total');
    expect(
      Object.fromEntries(
        all.map(({ labels, value }) => [labels['result'], value]),
      ),
    ).toEqual({ success: 1, failure: 2, ignored: 1, rejected: 3 });
  });

  it('show each state as its number', async () => {
    const { circuits, clock, page } = bench({
      circuits: {
        payments: {
          consecutiveFailures: 1,
          openJitter: 0,
          openDuration: '10s',
        },
      },
    });
    const payments = circuits.get('payments');
    const state = async () =>
      (await page()).value('circuit_breaker_state', {
        name: 'payments',
        mode: 'enforced',
      });

    expect(await state()).toBe(0);
    fail(circuits, 'payments');
    expect(await state()).toBe(1);
    clock.advance(10_000);
    payments.tryAcquire();
    expect(await state()).toBe(2);
    payments.forceOpen();
    expect(await state()).toBe(3);
    payments.forceClosed();
    expect(await state()).toBe(4);
  });

  it('say since when and why a circuit is open, and when it tries again', async () => {
    const { circuits, clock, page } = bench({
      circuits: {
        payments: {
          minimumCalls: 4,
          openJitter: 0,
          openDuration: '10s',
        },
      },
    });
    const epoch = clock.wallTime();
    clock.advance(5_000);
    succeed(circuits, 'payments');
    fail(circuits, 'payments');
    fail(circuits, 'payments');
    fail(circuits, 'payments');
    clock.advance(3_000);

    const now = await page();
    expect(now.value('circuit_breaker_state_since_timestamp_seconds')).toBe(
      epoch / 1000 + 5,
    );
    expect(now.value('circuit_breaker_next_probe_timestamp_seconds')).toBe(
      epoch / 1000 + 15,
    );
    expect(now.value('circuit_breaker_failure_rate')).toBe(0.75);
    expect(
      now
        .all('circuit_breaker_opened_by')
        .filter(({ value }) => value === 1)
        .map(({ labels }) => labels['rule']),
    ).toEqual(['failureRateThreshold']);
  });

  it('say nothing of an opening once the circuit is closed', async () => {
    const { circuits, page } = bench({ circuits: { payments: {} } });
    circuits.get('payments').forceOpen();
    circuits.get('payments').reset();

    const now = await page();
    expect(now.value('circuit_breaker_next_probe_timestamp_seconds')).toBe(0);
    expect(
      now.all('circuit_breaker_opened_by').map(({ value }) => value),
    ).toEqual([0, 0, 0, 0, 0, 0, 0]);
  });

  it('show the mode that holds now, and no other', async () => {
    const { circuits, page } = bench({ circuits: { payments: {} } });
    await page();
    circuits.configure('payments', { mode: 'shadow' });

    expect((await page()).all('circuit_breaker_state')).toEqual([
      expect.objectContaining({ labels: { name: 'payments', mode: 'shadow' } }),
    ]);
  });

  it('count what shadow mode would have rejected', async () => {
    const { circuits, page } = bench({
      circuits: { payments: { mode: 'shadow', consecutiveFailures: 1 } },
    });
    fail(circuits, 'payments');
    circuits.get('payments').tryAcquire();

    const now = await page();
    expect(now.value('circuit_breaker_would_rejects_total')).toBe(1);
    expect(
      now.value('circuit_breaker_calls_total', { result: 'rejected' }),
    ).toBe(0);
  });

  it('count retries, fallbacks and slow calls', async () => {
    const { circuits, clock, page } = bench({ circuits: { payments: {} } });
    succeed(circuits, 'payments', 5_000);
    const answer = circuits
      .get('payments')
      .execute(() => Promise.reject(new Error('down')), {
        fallback: () => 'later',
        retry: { attempts: 3, backoff: { initial: 1, jitter: 0 } },
      });
    for (let attempt = 0; attempt < 3; attempt++) {
      await settled();
      clock.advance(1_000);
    }
    await answer;

    const now = await page();
    expect(now.value('circuit_breaker_slow_calls_total')).toBe(1);
    expect(now.value('circuit_breaker_fallbacks_total')).toBe(1);
    expect(now.value('circuit_breaker_retries_total')).toBe(2);
  });

  it('count transitions, from zero for those that are usual', async () => {
    const { circuits, page } = bench({
      circuits: { payments: { consecutiveFailures: 1 } },
    });
    const transitions = async () =>
      Object.fromEntries(
        (await page())
          .all('circuit_breaker_transitions_total')
          .map(({ labels, value }) => [
            `${labels['from']}>${labels['to']}`,
            value,
          ]),
      );

    const none = {
      'closed>open': 0,
      'open>half-open': 0,
      'half-open>closed': 0,
      'half-open>open': 0,
    };
    expect(await transitions()).toEqual(none);
    fail(circuits, 'payments');
    circuits.get('payments').reset();
    fail(circuits, 'payments');
    expect(await transitions()).toEqual({
      ...none,
      'closed>open': 2,
      'open>closed': 1,
    });
  });

  it('know of transitions from before the metrics', async () => {
    const { registry: circuits } = new RegistryBench({
      circuits: { payments: {} },
    });
    circuits.get('payments').forceOpen();
    const { page } = benchOf(circuits);

    expect(
      (await page()).value('circuit_breaker_transitions_total', {
        from: 'closed',
        to: 'forced-open',
      }),
    ).toBe(1);
  });

  it('show calls in flight', async () => {
    const { circuits, page } = bench({ circuits: { payments: {} } });
    const permit = circuits.get('payments').tryAcquire()!;
    expect((await page()).value('circuit_breaker_in_flight')).toBe(1);
    permit.success();
    expect((await page()).value('circuit_breaker_in_flight')).toBe(0);
  });

  it('sort durations into buckets', async () => {
    const { circuits, page } = bench(
      { circuits: { payments: {} } },
      { durations: { buckets: [0.1, 1] } },
    );
    succeed(circuits, 'payments', 100);
    succeed(circuits, 'payments', 101);
    fail(circuits, 'payments', 7_000);

    const { text } = await page();
    expect(text).toContain(
      [
        '# TYPE circuit_breaker_call_duration_seconds histogram',
        'circuit_breaker_call_duration_seconds_bucket{le="0.1",name="payments"} 1',
        'circuit_breaker_call_duration_seconds_bucket{le="1",name="payments"} 2',
        'circuit_breaker_call_duration_seconds_bucket{le="+Inf",name="payments"} 3',
        'circuit_breaker_call_duration_seconds_sum{name="payments"} 7.201',
        'circuit_breaker_call_duration_seconds_count{name="payments"} 3',
      ].join('\n'),
    );
  });

  it('leave calls that were ignored out of the durations', async () => {
    const { circuits, page } = bench({ circuits: { payments: {} } });
    succeed(circuits, 'payments', 20);
    circuits.get('payments').tryAcquire()!.release();
    expect(
      (await page()).value('circuit_breaker_call_duration_seconds_count'),
    ).toBe(1);
  });

  it('begin their durations anew when the registry is reset', async () => {
    const registry = new Registry();
    const { circuits, page } = bench(
      { circuits: { payments: {} } },
      { registry },
    );
    succeed(circuits, 'payments', 20);
    registry.resetMetrics();
    succeed(circuits, 'payments', 20);
    expect(
      (await page()).value('circuit_breaker_call_duration_seconds_count'),
    ).toBe(1);
  });

  it('listen to no call without the histogram', async () => {
    const { circuits, page } = bench(
      { circuits: { payments: {} } },
      { durations: false },
    );
    expect((await page()).text).not.toContain('duration_seconds');
    const { emitter } = circuits.get('payments').machine;
    expect(emitter.hears('transition')).toBe(true);
    expect(emitter.hears('success')).toBe(false);
    expect(emitter.hears('failure')).toBe(false);
  });

  it('can be read as JSON, and as OpenMetrics', async () => {
    const target = new Registry();
    target.setContentType(Registry.OPENMETRICS_CONTENT_TYPE as never);
    const { circuits } = bench(
      { circuits: { payments: {} } },
      { registry: target },
    );
    succeed(circuits, 'payments', 1);

    const text = await target.metrics();
    expect(text).toContain(
      'circuit_breaker_calls_total{name="payments",result="success"} 1',
    );
    expect(text).toMatch(/# EOF\n$/);
    const durations = await target
      .getSingleMetric('circuit_breaker_call_duration_seconds')!
      .get();
    expect(durations.values).toHaveLength(15);
  });
});

describe('the processes of a cluster', () => {
  it('add what can be added, and show the largest state', async () => {
    const workers = [new Registry(), new Registry()].map(registry => {
      const { circuits } = bench({ circuits: { payments: {} } }, { registry });
      return { registry, circuits };
    });
    for (const { circuits } of workers) succeed(circuits, 'payments');
    workers[1]!.circuits.get('payments').forceOpen();
    // As they come through the channel between processes.
    const told: unknown = JSON.parse(
      JSON.stringify(
        await Promise.all(
          workers.map(({ registry }) => registry.getMetricsAsJSON()),
        ),
      ),
    );
    const all = AggregatorRegistry.aggregate(told as object[]);

    const now = new MetricsPage(await all.metrics());
    expect(now.value('circuit_breaker_state')).toBe(3);
    expect(
      now.value('circuit_breaker_calls_total', { result: 'success' }),
    ).toBe(2);
    expect(now.value('circuit_breaker_call_duration_seconds_count')).toBe(2);
  });
});

describe('two processes whose circuits stand alike', () => {
  it('show that state, not twice its number', async () => {
    const told = await Promise.all(
      [new Registry(), new Registry()].map(registry => {
        const { circuits } = bench(
          { circuits: { payments: {} } },
          { registry },
        );
        circuits.get('payments').forceOpen();
        return registry.getMetricsAsJSON();
      }),
    );
    const all = AggregatorRegistry.aggregate(told);
    expect(
      new MetricsPage(await all.metrics()).value('circuit_breaker_state'),
    ).toBe(3);
  });
});

describe('keyed circuits in the metrics', () => {
  it('are summed under their name', async () => {
    const { circuits, page } = bench({
      circuits: { stock: { consecutiveFailures: 1 } },
    });
    circuits.keyed('stock', 'berlin').tryAcquire()!.success();
    circuits.keyed('stock', 'lyon').tryAcquire()!.success();
    circuits.keyed('stock', 'lyon').tryAcquire()!.failure(new Error());

    const now = await page();
    expect(now.all('circuit_breaker_state')).toHaveLength(1);
    // One of them is open: that is what somebody must see.
    expect(now.value('circuit_breaker_state', { name: 'stock' })).toBe(1);
    expect(
      now.value('circuit_breaker_calls_total', { result: 'success' }),
    ).toBe(2);
    expect(now.value('circuit_breaker_failure_rate')).toBeCloseTo(1 / 3);
    expect(now.value('circuit_breaker_keyed_circuits', { state: 'open' })).toBe(
      1,
    );
    expect(
      now.value('circuit_breaker_keyed_circuits', { state: 'closed' }),
    ).toBe(1);
    expect(now.text).not.toContain('lyon');
  });

  it('stay in the counters when they are let go', async () => {
    const { circuits, page } = bench({ circuits: { stock: { maxKeys: 2 } } });
    for (let key = 0; key < 10; key++) {
      circuits.keyed('stock', `${key}`).tryAcquire()!.success();
    }

    const now = await page();
    expect(
      now.value('circuit_breaker_keyed_circuits', { state: 'closed' }),
    ).toBe(2);
    expect(
      now.value('circuit_breaker_calls_total', { result: 'success' }),
    ).toBe(10);
  });
});

describe('labels', () => {
  it('are bounded: names over maxNames are summed', async () => {
    const { circuits, page } = bench({}, { maxNames: 2 });
    for (let name = 0; name < 5; name++) {
      circuits.getOrCreate(`host-${name}`).tryAcquire()!.success(1);
    }

    const now = await page();
    expect(now.all('circuit_breaker_state').map(nameOf)).toEqual([
      'host-0',
      'host-1',
      '(other)',
    ]);
    expect(
      now.value('circuit_breaker_calls_total', {
        name: '(other)',
        result: 'success',
      }),
    ).toBe(3);
    expect(
      now.value('circuit_breaker_call_duration_seconds_count', {
        name: '(other)',
      }),
    ).toBe(3);
  });

  it('are cut where a name is very long, and escaped', async () => {
    const evil = '<img src=x onerror="alert(1)">\n\\';
    const { circuits, page } = bench();
    circuits.getOrCreate('n'.repeat(300));
    circuits.getOrCreate(evil);

    expect((await page()).all('circuit_breaker_state').map(nameOf)).toEqual([
      `${'n'.repeat(127)}…`,
      evil,
    ]);
  });
});

describe('several applications in a process', () => {
  const circuits = { payments: {} };

  it('have metrics of their own by default', async () => {
    const first = bench({ circuits });
    const second = bench({ circuits });
    succeed(first.circuits, 'payments');

    const labels = { result: 'success' };
    expect(
      (await first.page()).value('circuit_breaker_calls_total', labels),
    ).toBe(1);
    expect(
      (await second.page()).value('circuit_breaker_calls_total', labels),
    ).toBe(0);
  });

  it('are summed in one registry', async () => {
    const registry = new Registry();
    const first = bench({ circuits }, { registry });
    const second = bench({ circuits }, { registry });
    succeed(first.circuits, 'payments', 1);
    succeed(second.circuits, 'payments', 1);
    second.circuits.get('payments').forceOpen();

    const now = await first.page();
    expect(now.value('circuit_breaker_state')).toBe(3);
    expect(
      now.value('circuit_breaker_calls_total', { result: 'success' }),
    ).toBe(2);
    expect(now.value('circuit_breaker_call_duration_seconds_count')).toBe(2);
  });

  it('lower no counter when one of them ends', async () => {
    const registry = new Registry();
    const first = bench({ circuits }, { registry });
    const second = bench({ circuits }, { registry });
    succeed(first.circuits, 'payments');
    second.circuits.get('payments').forceOpen();
    second.stop();
    second.stop();

    const now = await first.page();
    expect(now.value('circuit_breaker_state')).toBe(0);
    expect(
      now.value('circuit_breaker_calls_total', { result: 'success' }),
    ).toBe(1);
    first.stop();
    expect(registry.getMetricsAsArray()).toEqual([]);
  });

  it('listen to no call once they have ended', () => {
    const { circuits: ended, stop } = bench({ circuits });
    stop();
    expect(ended.get('payments').machine.emitter.interest).toBe(0);
  });

  it('leave what somebody has put in the place of a metric', () => {
    const registry = new Registry();
    const { stop } = bench({ circuits }, { registry });
    registry.removeSingleMetric('circuit_breaker_state');
    const theirs = new Gauge({
      name: 'circuit_breaker_state',
      help: 'theirs',
      registers: [registry],
    });
    stop();
    expect(registry.getMetricsAsArray()).toEqual([theirs]);
  });

  it('can follow each other in one registry', async () => {
    const registry = new Registry();
    bench({ circuits }, { registry }).stop();
    const { page } = bench({ circuits }, { registry });
    expect((await page()).value('circuit_breaker_state')).toBe(0);
  });

  it('leave the metrics of others alone', async () => {
    const registry = new Registry();
    const theirs = new Gauge({
      name: 'circuit_breaker_state',
      help: 'theirs',
      registers: [registry],
    });
    expect(() => bench({ circuits }, { registry })).toThrow(
      'has a metric "circuit_breaker_state" already that is not ours',
    );
    expect(registry.getMetricsAsArray()).toEqual([theirs]);
  });
});

function bench(
  options: CircuitBreakerModuleOptions = {},
  metrics: CircuitBreakerPrometheusOptions = {},
) {
  const { registry, clock } = new RegistryBench(options);
  return { ...benchOf(registry, metrics), clock };
}

function benchOf(
  circuits: CircuitBreakerRegistry,
  metrics: CircuitBreakerPrometheusOptions = {},
) {
  const target = metrics.registry ?? new Registry();
  const rules = parseOptions(prometheusOptionsSchema, metrics, 'the test');
  const stop = RegisteredMetrics.in(target, rules).add(circuits);
  return {
    circuits,
    stop,
    page: async () => new MetricsPage(await target.metrics()),
  };
}

function nameOf({ labels }: { labels: Readonly<Record<string, string>> }) {
  return labels['name'];
}
