import type { MeterProvider } from '@opentelemetry/api';
import { z } from 'zod';
import { maxNamesOption } from '../registry/figures/max-names.js';
import { isFunction, option } from '../state/option.js';

/** What `CircuitBreakerOpenTelemetryModule.forRoot` takes. */
export const openTelemetryOptionsSchema = z.strictObject({
  meterProvider: option(
    z.custom<MeterProvider>(isMeterProvider).optional(),
    'a MeterProvider, of the API or of the SDK',
    'who makes the instruments; without it the global one as it is when the application starts',
  ),
  metrics: option(
    z.boolean().default(true),
    'true or false',
    'whether the figures of all circuits are reported as metrics',
  ),
  durations: option(
    z.boolean().default(true),
    'true or false',
    'the histogram of durations: the one metric that costs each call something',
  ),
  spanEvents: option(
    z.boolean().default(true),
    'true or false',
    'whether transitions, rejections and fallbacks are events of the active span',
  ),
  maxNames: maxNamesOption,
});

/** The options of the OpenTelemetry wing as a user writes them. */
export type CircuitBreakerOpenTelemetryOptions = z.input<
  typeof openTelemetryOptionsSchema
>;

/** The options with every default filled in. */
export type OpenTelemetryRules = z.output<typeof openTelemetryOptionsSchema>;

function isMeterProvider(value: unknown): boolean {
  return isFunction(
    (value as Partial<MeterProvider> | null | undefined)?.getMeter,
  );
}
