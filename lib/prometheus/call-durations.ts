import { Histogram, type Registry } from 'prom-client';
import type { CircuitBreakerRegistry } from '../registry/circuit-breaker.registry.js';
import { CALL_DURATION } from '../registry/figures/figure-metrics.js';
import type { LabelBook } from '../registry/figures/label-book.js';
import { metricName } from './metric-name.js';

interface Series {
  /** How many calls ended within each bound and over the one before it; the last entry is over all bounds. */
  readonly counts: number[];
  sum: number;
}

const NAME = metricName({ ...CALL_DURATION, kind: 'histogram' });

type Exported = Awaited<ReturnType<Histogram['get']>>;

/**
 * The histogram of durations. It counts by itself, because what `observe()` of
 * prom-client does for each call (labels to check, to sort and to join into a key)
 * costs several times as much as the call through the circuit; see
 * `bench/wings.mjs`.
 */
export class CallDurations extends Histogram {
  private readonly series = new Map<string, Series>();

  constructor(
    registry: Registry,
    private readonly bounds: readonly number[],
    private readonly nameLabels: LabelBook,
  ) {
    super({
      name: NAME,
      help: CALL_DURATION.help,
      registers: [registry],
    });
  }

  /**
   * Counts the calls of an application.
   *
   * @returns what ends it; what was counted stays
   */
  listenTo(registry: CircuitBreakerRegistry): () => void {
    return registry.on(['success', 'failure'], ({ name, duration }) => {
      // An outcome is never without a call.
      this.add(name, duration! / 1000);
    });
  }

  override get(): Promise<Exported> {
    const { help } = CALL_DURATION;
    const values = [...this.series].flatMap(([name, series]) =>
      valuesOf(name, series, this.bounds),
    );
    const exported = {
      name: NAME,
      help,
      type: 'histogram',
      aggregator: 'sum',
      values,
    };
    // The types of prom-client say that `type` is a number; it is a string.
    return Promise.resolve(exported as unknown as Exported);
  }

  /** What a registry of prom-client asks histograms for instead of `get()`. */
  getForPromString(): Promise<Exported> {
    return this.get();
  }

  override reset(): void {
    // The constructor of prom-client resets what it has not made yet.
    (this.series as Map<string, Series> | undefined)?.clear();
  }

  private add(name: string, seconds: number): void {
    const label = this.nameLabels.of(name);
    let series = this.series.get(label);
    if (series === undefined) {
      series = { counts: Array(this.bounds.length + 1).fill(0), sum: 0 };
      this.series.set(label, series);
    }
    series.sum += seconds;
    const { bounds } = this;
    let bucket = 0;
    while (seconds > (bounds[bucket] ?? Infinity)) bucket++;
    series.counts[bucket]!++;
  }
}

function valuesOf(
  name: string,
  { counts, sum }: Series,
  bounds: readonly number[],
): Exported['values'] {
  let count = 0;
  const buckets = counts.map((calls, bucket) => ({
    metricName: `${NAME}_bucket`,
    labels: { le: bounds[bucket] ?? '+Inf', name },
    value: (count += calls),
  }));
  return [
    ...buckets,
    { metricName: `${NAME}_sum`, labels: { name }, value: sum },
    { metricName: `${NAME}_count`, labels: { name }, value: count },
  ];
}
