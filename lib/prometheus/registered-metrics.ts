import { Counter, Gauge, type Registry } from 'prom-client';
import type { CircuitBreakerRegistry } from '../registry/circuit-breaker.registry.js';
import { FigureBook } from '../registry/figures/figure-book.js';
import {
  FIGURE_METRICS,
  type FigureMetric,
} from '../registry/figures/figure-metrics.js';
import { LabelBook } from '../registry/figures/label-book.js';
import {
  forgetTarget,
  sharedByTarget,
} from '../registry/figures/shared-by-target.js';
import { CallDurations } from './call-durations.js';
import { metricName } from './metric-name.js';
import type { PrometheusRules } from './prometheus-options.js';

type Exported = Awaited<ReturnType<Gauge['get']>>;

/**
 * Our metrics in one registry of prom-client. Applications that share a registry
 * share the metrics: their circuits are summed by name.
 */
export class RegisteredMetrics {
  private readonly book: FigureBook;
  private readonly durations: CallDurations | undefined;
  private readonly metrics: readonly (Gauge | Counter | CallDurations)[];

  private constructor(
    private readonly target: Registry,
    { durations, maxNames }: PrometheusRules,
  ) {
    const taken = FIGURE_METRICS.map(metricName).find(name =>
      target.getSingleMetric(name),
    );
    if (taken !== undefined) {
      throw new Error(
        `The prom-client registry has a metric "${taken}" already that is not ours: give CircuitBreakerPrometheusModule another registry, or remove that metric.`,
      );
    }
    const labels = new LabelBook(maxNames);
    this.book = new FigureBook(labels);
    this.durations =
      durations === false
        ? undefined
        : new CallDurations(target, durations.buckets, labels);
    this.metrics = [
      ...FIGURE_METRICS.map(metric => this.register(metric)),
      ...(this.durations === undefined ? [] : [this.durations]),
    ];
  }

  /**
   * The metrics in a registry of prom-client; registered if they are not there yet.
   * The options of the first one hold.
   *
   * @throws Error if a metric of somebody else has one of the names
   */
  static in(target: Registry, rules: PrometheusRules): RegisteredMetrics {
    return sharedByTarget(target, () => new RegisteredMetrics(target, rules));
  }

  /**
   * Adds the circuits of an application.
   *
   * @returns what takes them out; with the last ones the metrics go, too
   */
  add(registry: CircuitBreakerRegistry): () => void {
    const stops = [
      this.book.open(registry),
      this.durations?.listenTo(registry),
    ];
    return () => {
      for (const stop of stops) stop?.();
      if (this.book.isEmpty) this.unregister();
    };
  }

  private register(metric: FigureMetric): Gauge | Counter {
    const { book } = this;
    const settings = {
      name: metricName(metric),
      help: metric.help,
      registers: [this.target],
      // Between the processes of a cluster.
      aggregator: metric.isSummed ? ('sum' as const) : ('max' as const),
    };
    const registered =
      metric.kind === 'gauge' ? new Gauge(settings) : new Counter(settings);
    // Not by `collect` and `set()`, which check, sort and join the labels of each
    // series: much of a scrape of hundreds of circuits; see `bench/wings.mjs`.
    registered.get = () => {
      // What prom-client has made of the settings, and may have changed: the name in OpenMetrics.
      const { name, help, type, aggregator } =
        registered as unknown as Exported;
      const values = [...valuesOf(metric, book)];
      const exported = { name, help, type, aggregator, values };
      return Promise.resolve(exported as Exported);
    };
    return registered;
  }

  private unregister(): void {
    for (const metric of this.metrics) {
      const { name } = metric as unknown as { name: string };
      // Not what somebody has put in its place.
      if (this.target.getSingleMetric(name) === metric) {
        this.target.removeSingleMetric(name);
      }
    }
    forgetTarget(this.target);
  }
}

function* valuesOf(
  metric: FigureMetric,
  book: FigureBook,
): Iterable<Exported['values'][number]> {
  for (const figures of book.read()) {
    for (const [value, labels] of metric.points(figures)) {
      yield { labels: { name: figures.name, ...labels }, value };
    }
  }
}
