import type {
  BatchObservableCallback,
  Histogram,
  Meter,
  Observable,
} from '@opentelemetry/api';
import type { CircuitBreakerRegistry } from '../registry/circuit-breaker.registry.js';
import { FigureBook } from '../registry/figures/figure-book.js';
import {
  CALL_DURATION,
  FIGURE_METRICS,
  type FigureMetric,
  type Labels,
} from '../registry/figures/figure-metrics.js';
import { LabelBook } from '../registry/figures/label-book.js';
import {
  forgetTarget,
  sharedByTarget,
} from '../registry/figures/shared-by-target.js';
import type { OpenTelemetryRules } from './open-telemetry-options.js';

interface Instrument {
  readonly metric: FigureMetric;
  readonly observable: Observable;
  /** Every series of a gauge that was ever reported. */
  readonly reported: Map<string, Labels>;
}

/**
 * Our instruments of one meter, read when the SDK collects. Applications that
 * share a meter share them: their circuits are summed by name.
 */
export class ReportedMetrics {
  private readonly book: FigureBook;
  private readonly instruments: readonly Instrument[];
  private readonly durations: Histogram | undefined;

  private constructor(
    private readonly meter: Meter,
    { maxNames, durations }: OpenTelemetryRules,
  ) {
    this.book = new FigureBook(new LabelBook(maxNames));
    this.instruments = FIGURE_METRICS.map(metric => ({
      metric,
      observable: observableOf(meter, metric),
      reported: new Map(),
    }));
    if (durations) {
      const { name, unit, help, buckets } = CALL_DURATION;
      this.durations = meter.createHistogram(name, {
        unit,
        description: help,
        advice: { explicitBucketBoundaries: [...buckets] },
      });
    }
    meter.addBatchObservableCallback(this.observe, this.observables);
  }

  /** The instruments of a meter; made if they are not there yet. The options of the first one hold. */
  static of(meter: Meter, rules: OpenTelemetryRules): ReportedMetrics {
    return sharedByTarget(meter, () => new ReportedMetrics(meter, rules));
  }

  /**
   * Adds the circuits of an application.
   *
   * @returns what takes them out again
   */
  add(registry: CircuitBreakerRegistry): () => void {
    const stops = [this.book.open(registry), this.recordDurations(registry)];
    return () => {
      for (const stop of stops) stop?.();
      if (this.book.isEmpty) this.unregister();
    };
  }

  private recordDurations(
    registry: CircuitBreakerRegistry,
  ): (() => void) | undefined {
    const { durations } = this;
    const { labels } = this.book;
    return (
      durations &&
      registry.on(['success', 'failure'], ({ name, duration }) => {
        // An outcome is never without a call.
        durations.record(duration! / 1000, { name: labels.of(name) });
      })
    );
  }

  private readonly observe: BatchObservableCallback = result => {
    for (const { metric, observable, reported } of this.instruments) {
      // The SDK would go on to report the last value of a series that is gone, e.g. of another mode.
      const gone = new Map(reported);
      for (const figures of this.book.read()) {
        for (const [value, labels] of metric.points(figures)) {
          const attributes = { name: figures.name, ...labels };
          result.observe(observable, value, attributes);
          if (metric.kind === 'counter') continue;
          const key = JSON.stringify(attributes);
          gone.delete(key);
          reported.set(key, attributes);
        }
      }
      for (const labels of gone.values()) {
        result.observe(observable, 0, labels);
      }
    }
  };

  private get observables(): Observable[] {
    return this.instruments.map(({ observable }) => observable);
  }

  private unregister(): void {
    this.meter.removeBatchObservableCallback(this.observe, this.observables);
    forgetTarget(this.meter);
  }
}

function observableOf(
  meter: Meter,
  { kind, name, unit, help }: FigureMetric,
): Observable {
  const settings = { description: help, unit: unit ?? '' };
  return kind === 'counter'
    ? meter.createObservableCounter(name, settings)
    : meter.createObservableGauge(name, settings);
}
