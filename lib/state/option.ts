import ms, { type StringValue } from 'ms';
import { z } from 'zod';

/** What the documentation and the error messages say of one option. */
export interface OptionDoc {
  /** What the option takes, e.g. `a duration in milliseconds or such as '30s'`. */
  readonly takes: string;
  /** What it means, in a line. */
  readonly meaning?: string;
}

/**
 * The words to each option's schema. Error messages and the table in the docs
 * are both made from here, so that they cannot drift apart.
 */
export const optionDocs = z.registry<OptionDoc>();

/** A number of milliseconds, or a string that the `ms` package reads, such as `'30s'`. */
export type Duration = number | string;

/** Attaches the words to an option's schema. */
export function option<S extends z.ZodType>(
  schema: S,
  takes: string,
  meaning?: string,
): S {
  optionDocs.add(
    schema,
    meaning === undefined ? { takes } : { takes, meaning },
  );
  return schema;
}

/**
 * A duration, in milliseconds once parsed.
 *
 * @param least the shortest that makes sense, in milliseconds
 */
export function duration(least: 0 | 1 = 1) {
  return z
    .custom<Duration>(value => {
      const milliseconds = parseDuration(value);
      return Number.isFinite(milliseconds) && milliseconds! >= least;
    })
    .transform(value => parseDuration(value)!);
}

/** A {@link duration} that a timer waits for: Node's fire at once when they are told to wait longer than this (24.8 days). */
export function timed(least: 0 | 1 = 1) {
  return duration(least).refine(milliseconds => milliseconds <= 2 ** 31 - 1);
}

/** A rate from 0.001 to 1 in steps of 0.001, so that it can be compared as an integer. */
export function threshold() {
  return z.number().refine(isThreshold);
}

/** A whole number of at least 1. */
export function count() {
  return z.int().min(1);
}

/** For options that take a function. */
export function isFunction(value: unknown): boolean {
  return typeof value === 'function';
}

/** Milliseconds, or `undefined` for what is no duration. */
export function parseDuration(value: unknown): number | undefined {
  if (typeof value === 'number') return value;
  // `ms` throws for an empty text; what is longer than 100 letters it does not read.
  return typeof value === 'string' && value !== ''
    ? ms(value as StringValue)
    : undefined;
}

function isThreshold(value: number): boolean {
  const permille = value * 1000;
  return (
    value >= 0.001 &&
    value <= 1 &&
    Math.abs(permille - Math.round(permille)) < 1e-9
  );
}
