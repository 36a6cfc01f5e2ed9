import type { Registry } from 'prom-client';
import { z } from 'zod';
import { CALL_DURATION } from '../registry/figures/figure-metrics.js';
import { maxNamesOption } from '../registry/figures/max-names.js';
import { isFunction, option } from '../state/option.js';

/** What `CircuitBreakerPrometheusModule.forRoot` takes, beside `path`. */
export const prometheusOptionsSchema = z.strictObject({
  registry: option(
    z.custom<Registry>(isRegistry).optional(),
    'a Registry of prom-client, such as its `register`',
    'where the metrics are registered; without it in one of their own',
  ),
  durations: option(
    z
      .union([
        z.literal(false),
        z.strictObject({
          buckets: option(
            z
              .array(z.number())
              .min(1)
              .refine(isRising)
              .default([...CALL_DURATION.buckets]),
            'numbers of seconds, each larger than the one before it',
            'the upper bounds of the buckets',
          ),
        }),
      ])
      .prefault({}),
    '{ buckets }, or false',
    'the histogram of durations: the one metric that costs each call something',
  ),
  maxNames: maxNamesOption,
});

/** The options of the Prometheus metrics as a user writes them. */
export type CircuitBreakerPrometheusOptions = z.input<
  typeof prometheusOptionsSchema
>;

/** The options with every default filled in. */
export type PrometheusRules = z.output<typeof prometheusOptionsSchema>;

function isRegistry(value: unknown): boolean {
  return isFunction(
    (value as Partial<Registry> | null | undefined)?.registerMetric,
  );
}

/** Above zero, too. */
function isRising(bounds: readonly number[]): boolean {
  return bounds.every((bound, index) => bound > (bounds[index - 1] ?? 0));
}
