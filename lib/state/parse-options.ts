import { LRUCache } from 'lru-cache';
import type { z } from 'zod';
import {
  InvalidOptionsError,
  type OptionProblem,
} from '../errors/invalid-options.error.js';
import { crossChecks, type CrossChecks, type IsGiven } from './cross-check.js';
import { isMergeable, mergeOptions } from './merge-options.js';
import {
  formatPath,
  problemsOf,
  strangersIn,
  type LocatedProblem,
  type OptionPath,
} from './option-problems.js';

/** A problem, and the keys that lead to its option. */
export interface ExaminedProblem extends OptionProblem {
  readonly at: OptionPath;
}

/** What is wrong with options, and what they come to if nothing is. */
export interface Examination<Output> {
  /** Everything that must be changed; empty when the options can be taken. */
  readonly problems: readonly ExaminedProblem[];
  /** What can be taken but is surely not meant. */
  readonly warnings: readonly ExaminedProblem[];
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
  const remembered = recall(schema, input);
  if (remembered !== undefined) return remembered;
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
  const refused = found.filter(({ severity }) => severity === 'refused');
  const problems = [...located, ...refused].map(withPath);
  const examination = {
    problems,
    warnings: found
      .filter(({ severity }) => severity === 'warned')
      .map(withPath),
    output:
      parsed.success && problems.length === 0
        ? seal(schema, settle(schema, parsed.data, input), input)
        : undefined,
  };
  if (sealed.has(input as object)) remember(schema, input, examination);
  return examination;
}

/**
 * A copy of options that nobody can change. It is examined once, however many
 * circuits are made of it, and they share their rules.
 */
export function sealOptions<T extends object>(options: T): T {
  const copy = mergeOptions<object>({}, options) as T;
  freeze(copy, options);
  sealed.add(copy);
  return copy;
}

/** Whether options came from {@link sealOptions}. */
export function isSealed(options: object): boolean {
  return sealed.has(options);
}

function withPath({ at, message }: LocatedProblem): ExaminedProblem {
  return { at, message, path: formatPath(at) || 'options' };
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

/** Tells what stands in options as they were given, without defaults. */
export function isGivenIn(input: unknown): IsGiven {
  return (...path) => {
    let value = input;
    for (const key of path) {
      if (!isMergeable(value)) return false;
      value = value[key];
    }
    return value !== undefined;
  };
}

/** Options that cannot change, and what is known of them and of outputs. */
const sealed = new WeakSet<object>();
const memory = new WeakMap<
  object,
  { schema: z.ZodObject; examination: Examination<unknown> }
>();

function recall<S extends z.ZodObject>(
  schema: S,
  input: unknown,
): Examination<z.output<S>> | undefined {
  const known = memory.get(input as object);
  return known?.schema === schema
    ? (known.examination as Examination<z.output<S>>)
    : undefined;
}

function remember(
  schema: z.ZodObject,
  input: unknown,
  examination: Examination<unknown>,
): void {
  memory.set(input as object, { schema, examination });
}

/** Circuits share what was parsed, so nobody may change it; given again, it is answered as it is. */
function seal<S extends z.ZodObject>(
  schema: S,
  output: z.output<S>,
  input: unknown,
): z.output<S> {
  const alike = share(schema, output);
  if (alike !== output) return alike;
  freeze(output, input);
  remember(schema, output, { problems: [], warnings: [], output });
  return output;
}

/** Outputs by what they say, of the schemas whose outputs are shared. */
const outputs = new WeakMap<z.ZodObject, LRUCache<string, object>>();
const MOST_OUTPUTS = 500;

/**
 * Has the outputs of a schema shared by those who give the same: a circuit for
 * each of ten thousand hosts would have its own copy of the same rules.
 */
export function shareOutputs(schema: z.ZodObject): void {
  outputs.set(schema, new LRUCache({ max: MOST_OUTPUTS }));
}

/** What says the same and was there before, else this one. */
function share<S extends z.ZodObject>(
  schema: S,
  output: z.output<S>,
): z.output<S> {
  const known = outputs.get(schema);
  if (known === undefined || !isPlain(output)) return output;
  const words = JSON.stringify(output);
  const alike = known.get(words) as z.output<S> | undefined;
  if (alike === undefined) known.set(words, output);
  return alike ?? output;
}

/** Whether JSON says all of it: no functions, and nothing of the user's own making. */
function isPlain(value: unknown): boolean {
  if (Array.isArray(value)) return value.every(isPlain);
  if (isMergeable(value)) {
    return (
      Object.getPrototypeOf(value) === Object.prototype &&
      Object.values(value).every(isPlain)
    );
  }
  return (
    ['string', 'boolean', 'undefined'].includes(typeof value) ||
    // To JSON, infinity is nothing.
    Number.isFinite(value)
  );
}

/** Only what was built here: what came through as it was given is the user's. */
function freeze(value: unknown, given: unknown): void {
  if (value === given) return;
  if (Array.isArray(value)) {
    Object.freeze(value);
  } else if (
    isMergeable(value) &&
    Object.getPrototypeOf(value) === Object.prototype
  ) {
    for (const [key, inner] of Object.entries(value)) {
      freeze(inner, isMergeable(given) ? given[key] : undefined);
    }
    Object.freeze(value);
  }
}
