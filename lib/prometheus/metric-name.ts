import type { FigureMetric } from '../registry/figures/figure-metrics.js';

/** A metric's name as Prometheus writes it; so does the Prometheus exporter of OpenTelemetry. */
export function metricName({
  name,
  kind,
  unit,
}: Pick<FigureMetric, 'name' | 'unit'> & {
  readonly kind: FigureMetric['kind'] | 'histogram';
}): string {
  return (
    name.replaceAll('.', '_') +
    (unit === 's' ? '_seconds' : '') +
    (kind === 'counter' ? '_total' : '')
  );
}
