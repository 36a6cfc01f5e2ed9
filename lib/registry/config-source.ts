import { isObservable, type Observable } from 'rxjs';
import { z } from 'zod';
import { timerDuration, TIMER_DURATION } from '../policies/timer-duration.js';
import { isMergeable } from '../state/merge-options.js';
import { option, type Duration } from '../state/option.js';
import type { PresetCircuitOptions } from './presets.js';

/**
 * Options that a configuration source gives: all of them, each time. What it no
 * longer gives is again as it was at the start.
 */
export interface LiveOptions {
  /** Options and `preset` for each name of a declared circuit. */
  readonly circuits?:
    Readonly<Record<string, PresetCircuitOptions>> | undefined;
}

/** What {@link LiveOptions} may have; the options of each circuit are validated over its others. */
export const liveOptionsSchema = z.strictObject({
  circuits: option(
    z.custom<Record<string, PresetCircuitOptions>>(isMergeable).prefault({}),
    'an object: circuit options and `preset`, for each name of a declared circuit',
  ),
});

/** Where options come from while the application runs, e.g. a configuration service. */
export interface ConfigSource {
  /**
   * Gives the options that hold now. Called at the start, and every
   * {@link refreshEvery} after the last answer.
   *
   * @param context its `signal` is aborted at the {@link timeout}, and when the application is closed
   */
  load(context: {
    readonly signal: AbortSignal;
  }): LiveOptions | PromiseLike<LiveOptions>;
  /** @default never: options are loaded once, at the start */
  readonly refreshEvery?: Duration | undefined;
  /** How long a load may take; the start waits for the first one. @default '5s' */
  readonly timeout?: Duration | undefined;
  /** Whether the start fails with the first load. @default false */
  readonly required?: boolean | undefined;
}

/** Settings of a source, in milliseconds. */
export interface SourceRules {
  readonly refreshEvery: number | undefined;
  readonly timeout: number;
  readonly required: boolean;
}

const rules = {
  refreshEvery: timerDuration().optional(),
  timeout: timerDuration().default(5_000),
  required: z.boolean().default(false),
};

/** The option `configSource`. */
export const configSourceSchema = option(
  z
    .custom<ConfigSource | Observable<LiveOptions>>(
      source => isObservable(source) || isLoader(source),
    )
    .superRefine((source, context) => {
      if (isObservable(source)) return;
      for (const [key, message] of problemsOf(source)) {
        context.addIssue({ code: 'custom', path: [key], message });
      }
    })
    .optional(),
  'an object with load(), or an Observable of options',
  'where options of circuits come from while the application runs; stronger than all but `registry.configure`',
);

/** The settings of a source that is valid. */
export function rulesOf(source: ConfigSource): SourceRules {
  const { refreshEvery, timeout, required } = source;
  return {
    refreshEvery: rules.refreshEvery.parse(refreshEvery),
    timeout: rules.timeout.parse(timeout),
    required: rules.required.parse(required),
  };
}

function isLoader(source: unknown): source is ConfigSource {
  return (
    typeof source === 'object' &&
    source !== null &&
    typeof (source as { load?: unknown }).load === 'function'
  );
}

// Not by a schema of an object: a source may be of a class, with fields of its own.
function problemsOf(source: ConfigSource): [string, string][] {
  return Object.entries(rules).flatMap(([key, schema]) => {
    const value = source[key as keyof ConfigSource];
    return schema.safeParse(value).success
      ? []
      : [[key, `takes ${takes(key)}`]];
  });
}

function takes(key: string): string {
  return key === 'required' ? 'true or false' : TIMER_DURATION;
}
