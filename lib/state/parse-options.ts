import type { z } from 'zod';
import {
  InvalidOptionsError,
  type OptionProblem,
} from '../errors/invalid-options.error.js';
import { crossChecks, type CrossChecks, type IsGiven } from './cross-check.js';
import { isMergeable } from './merge-options.js';
import {
  formatPath,
  problemsOf,
  strangersIn,
  type LocatedProblem,
} from './option-problems.js';

/** What is wrong with options, and what they come to if nothing is. */
export interface Examination<Output> {
  /** Everything that must be changed; empty when the options can be taken. */
  readonly problems: readonly OptionProblem[];
  /** What can be taken but is surely not meant. */
  readonly warnings: readonly OptionProblem[];
  /** The options with all defaults, frozen; `undefined` if there are problems. */
  readonly output: Output | undefined;
}

/**
 * Validates options and fills in their defaults. The given object is neither
 * changed nor kept; `undefined` means not given.
 *
 * What comes out is frozen, and is answered as it is when it is given again.
 *
 * @param subject whose options they are, as the error calls it, e.g. `Circuit "payments"`
 * @param warn told of settings that can be taken but are surely not meant
 * @throws InvalidOptionsError that lists every problem
 */
export function parseOptions<S extends z.ZodObject>(
  schema: S,
  input: z.input<S> | undefined,
  subject: string,
  warn?: (message: string) => void,
): z.output<S> {
  const { problems, warnings, output } = examineOptions(schema, input);
  if (output === undefined) throw new InvalidOptionsError(subject, problems);
  for (const { path, message } of warnings) {
    warn?.(`${subject}: ${path}: ${message}`);
  }
  return output;
}

/** As {@link parseOptions}, but answers with what it found instead of throwing it. */
export function examineOptions<S extends z.ZodObject>(
  schema: S,
  input: unknown = {},
): Examination<z.output<S>> {
  if (isOutputOf(schema, input)) {
    return { problems: [], warnings: [], output: input };
  }
  const strangers = strangersIn(schema, input);
  const parsed = schema.safeParse(input);
  const wrong = parsed.success
    ? []
    : problemsOf(schema, input, parsed.error.issues);
  const located = [
    ...strangers,
    ...wrong.filter(({ at }) => !isInside(at, strangers)),
  ];
  const found =
    parsed.success && located.length === 0
      ? crossCheck(schema, parsed.data, input, new Set())
      : crossCheckTheRest(schema, input, located);
  const problems = [
    ...located.map(({ at, message }) => ({
      path: formatPath(at) || 'options',
      message,
    })),
    ...found.filter(({ severity }) => severity === 'refused'),
  ];
  return {
    problems,
    warnings: found.filter(({ severity }) => severity === 'warned'),
    output:
      parsed.success && problems.length === 0
        ? seal(schema, settle(schema, parsed.data, input))
        : undefined,
  };
}

function isInside(
  at: LocatedProblem['at'],
  strangers: readonly LocatedProblem[],
): boolean {
  return strangers.some(stranger =>
    stranger.at.every((key, index) => key === at[index]),
  );
}

function crossCheck(
  schema: z.ZodObject,
  parsed: unknown,
  input: unknown,
  bad: ReadonlySet<PropertyKey | undefined>,
) {
  const checks = crossChecks.get(schema)?.checks ?? [];
  return checks
    .filter(({ options }) => !options.some(option => bad.has(option)))
    .flatMap(check => check.find(parsed as never, isGivenIn(input)) ?? []);
}

/** Looks at what is valid by itself, so that one message tells of a contradiction and of a wrong type elsewhere. */
function crossCheckTheRest(
  schema: z.ZodObject,
  input: unknown,
  problems: readonly LocatedProblem[],
) {
  if (!isMergeable(input)) return [];
  const bad = new Set(problems.map(({ at }) => at[0]));
  const valid = schema.safeParse(
    Object.fromEntries(Object.entries(input).filter(([key]) => !bad.has(key))),
  );
  return valid.success ? crossCheck(schema, valid.data, input, bad) : [];
}

function settle<S extends z.ZodObject>(
  schema: S,
  data: z.output<S>,
  input: unknown,
): z.output<S> {
  const checks = crossChecks.get(schema) as
    CrossChecks<z.output<S>> | undefined;
  return checks?.settle?.(data, isGivenIn(input)) ?? data;
}

function isGivenIn(input: unknown): IsGiven {
  return (...path) => {
    let value = input;
    for (const key of path) {
      if (!isMergeable(value)) return false;
      value = value[key];
    }
    return value !== undefined;
  };
}

/** Which schema each output came from: what has been parsed need not be parsed again. */
const outputs = new WeakMap<object, z.ZodObject>();

function isOutputOf<S extends z.ZodObject>(
  schema: S,
  input: unknown,
): input is z.output<S> {
  return (
    typeof input === 'object' && input !== null && outputs.get(input) === schema
  );
}

/** Circuits share what was parsed, so nobody may change it. */
function seal<S extends z.ZodObject>(
  schema: S,
  output: z.output<S>,
): z.output<S> {
  freeze(output);
  outputs.set(output, schema);
  return output;
}

/** Only what the schema has built: functions, classes and their like are the user's. */
function freeze(value: unknown): void {
  if (Array.isArray(value)) {
    Object.freeze(value);
  } else if (
    isMergeable(value) &&
    Object.getPrototypeOf(value) === Object.prototype
  ) {
    for (const each of Object.values(value)) freeze(each);
    Object.freeze(value);
  }
}
