import { z } from 'zod';
import {
  callOptionsSchema,
  type CallOptions,
} from '../circuit/call-options.js';
import {
  circuitOptionsSchema,
  type CircuitOptions,
  type ErrorMatcher,
} from '../state/circuit-options.js';

/**
 * A fallback function of a decorator. Its arguments are the method's own, after
 * the error.
 */
// A method signature is compared both ways, so that `(error: Error) => …` fits as well as `(error: unknown) => …`.
export type InlineFallback = {
  fallback(error: unknown, ...args: never[]): unknown;
}['fallback'];

/** A fallback function, or the name of a public method of the class. */
export type NamedFallback<Name extends string> = Name | InlineFallback;

/** A fallback for some errors only; other errors go on to the next one. */
export interface SelectiveFallback<Name extends string> {
  readonly on: ErrorMatcher;
  readonly use: NamedFallback<Name>;
}

/** One fallback, or several that are tried in order. */
export type FallbackOption<Name extends string> =
  | NamedFallback<Name>
  | SelectiveFallback<Name>
  | readonly (NamedFallback<Name> | SelectiveFallback<Name>)[];

/**
 * What `@CircuitBreaker` takes: the options of a circuit and those of a call.
 *
 * @typeParam FallbackName the methods that are named as fallbacks; inferred
 */
export interface CircuitBreakerOptions<FallbackName extends string = string>
  extends CircuitOptions, Omit<CallOptions, 'fallback'> {
  readonly fallback?: FallbackOption<FallbackName> | undefined;
}

/** Both kinds of options in one object, as only the decorator takes them. */
export const circuitBreakerOptionsSchema = z.strictObject({
  ...circuitOptionsSchema.shape,
  ...callOptionsSchema.shape,
});

/** The options of each kind. */
export interface SplitOptions {
  readonly circuit: CircuitOptions;
  readonly call: CallOptions;
}

/** Takes the two kinds of options apart; what belongs to neither is left out. */
export function splitOptions(options: CircuitBreakerOptions): SplitOptions {
  return {
    circuit: pick(options, circuitOptionsSchema),
    call: pick(options, callOptionsSchema),
  };
}

/** Whether an option belongs to the circuit, and not to the call. */
export function isCircuitOption(key: PropertyKey | undefined): boolean {
  return key !== undefined && Object.hasOwn(circuitOptionsSchema.shape, key);
}

function pick<S extends z.ZodObject>(
  options: object,
  schema: S,
): z.input<S> & object {
  // What is no object at all is told among the problems.
  const picked = Object.entries(Object(options)).filter(([key]) =>
    Object.hasOwn(schema.shape, key),
  );
  return Object.fromEntries(picked) as z.input<S> & object;
}
