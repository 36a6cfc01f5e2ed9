import { z } from 'zod';
import { closestName } from './closest-name.js';
import { isMergeable } from './merge-options.js';
import { optionDocs } from './option.js';
import { quote } from './quote.js';

/** One thing that is wrong, and where. */
export interface LocatedProblem {
  readonly at: OptionPath;
  readonly message: string;
}

/** The keys that lead to an option, e.g. `['halfOpen', 'calls']`. */
export type OptionPath = readonly PropertyKey[];

const LONGEST_KEY = 100;
const GROUP = 'an object of options';

type Schema = z.core.$ZodType;
type Issue = z.core.$ZodIssue;

/** What zod calls wrong, in words: what it got, what it takes, and the closest name of an unknown key. */
export function problemsOf(
  schema: Schema,
  input: unknown,
  issues: readonly Issue[],
): LocatedProblem[] {
  const problems = issues.flatMap(issue =>
    describe(schema, input, issue, issue.path),
  );
  // The branches of a union may complain about the same thing.
  const seen = new Set<string>();
  return problems.filter(({ at, message }) => {
    const line = `${formatPath(at)}: ${message}`;
    return !seen.has(line) && seen.add(line);
  });
}

/** Objects that zod takes for a group of options although they are something else: dates, maps, promises. */
export function strangersIn(
  schema: Schema,
  input: unknown,
  at: OptionPath = [],
): LocatedProblem[] {
  const groups = alternatives(schema).filter(isGroup);
  if (groups.length === 0 || typeof input !== 'object' || input === null) {
    return [];
  }
  if (!isMergeable(input)) {
    return Array.isArray(input)
      ? []
      : [
          {
            at,
            message: `got ${quote(input)}, takes ${words([schema]) ?? GROUP}`,
          },
        ];
  }
  return groups.flatMap(({ shape }) =>
    Object.entries(shape).flatMap(([key, inner]) =>
      strangersIn(inner, input[key], [...at, key]),
    ),
  );
}

/** A path as a reader would write it, e.g. `circuits["a.b"].recordErrors[0]`. */
export function formatPath(path: OptionPath): string {
  return path
    .map((key, index) => {
      if (typeof key === 'number') return `[${key}]`;
      if (!/^[\p{L}\p{N}_$-]+$/u.test(String(key))) {
        return `[${JSON.stringify(String(key).slice(0, LONGEST_KEY))}]`;
      }
      return index === 0 ? String(key) : `.${String(key)}`;
    })
    .join('');
}

function describe(
  schema: Schema,
  input: unknown,
  issue: Issue,
  at: OptionPath,
): LocatedProblem[] {
  if (issue.code === 'unrecognized_keys') {
    const place = schemasAt(schema, at);
    const options = valueAt(input, at);
    return issue.keys.map(key => ({
      at: [...at, key],
      message: `got ${quote(valueAt(options, [key]))}, ${unknownKey(place, options, key)}`,
    }));
  }
  if (issue.code === 'invalid_union') {
    const meant = meantBranches(issue.errors);
    if (meant.length > 0) {
      return meant.flatMap(each =>
        describe(schema, input, each, [...at, ...each.path]),
      );
    }
  }
  return [{ at, message: wrongValue(schema, input, issue, at) }];
}

function wrongValue(
  schema: Schema,
  input: unknown,
  issue: Issue,
  at: OptionPath,
): string {
  const value = valueAt(input, at);
  const got = value === undefined ? 'is missing' : `got ${quote(value)}`;
  // A schema that has its own words for what is wrong says more than we can.
  return issue.code === 'custom' && issue.message !== 'Invalid input'
    ? `${got}: ${issue.message}`
    : `${got}, takes ${wordsAt(schema, at)}`;
}

/**
 * The complaints of the branches of a union that the user can have meant: those
 * that liked the value's kind, and among them those that know its `type`.
 */
function meantBranches(branches: readonly (readonly Issue[])[]): Issue[] {
  const ofKind = branches.filter(issues =>
    issues.every(
      issue => issue.path.length > 0 || issue.code === 'unrecognized_keys',
    ),
  );
  const ofType = ofKind.filter(issues => !issues.some(isWrongType));
  return ofType.length > 0
    ? ofType.flat()
    : ofKind.flatMap(issues => issues.filter(isWrongType));
}

function isWrongType(issue: Issue): boolean {
  return issue.path.at(-1) === 'type';
}

function unknownKey(
  place: readonly Schema[],
  options: unknown,
  key: string,
): string {
  const groups = place.flatMap(alternatives).filter(isGroup);
  const owner = groups.find(({ shape }) => Object.hasOwn(shape, key));
  if (owner !== undefined) {
    return `which goes with type ${quote(typeOf(owner))} only`;
  }
  const type = valueAt(options, ['type']);
  const meant = groups.filter(group => typeOf(group) === type);
  const names = [
    ...new Set(
      (meant.length > 0 ? meant : groups).flatMap(({ shape }) =>
        Object.keys(shape),
      ),
    ),
  ];
  const closest = closestName(key, names);
  return closest === undefined
    ? `but there is no such option; there are: ${names.join(', ')}`
    : `but there is no such option; did you mean "${closest}"?`;
}

/** The `type` that tells a group from the others in its union. */
function typeOf(group: z.ZodObject): unknown {
  const [literal] = alternatives(group.shape['type'] ?? group);
  return literal instanceof z.ZodLiteral ? literal.value : undefined;
}

/** What the option at a path takes; what is inside of it and has no words of its own takes the parent's. */
function wordsAt(schema: Schema, at: OptionPath): string {
  for (let length = at.length; length >= 0; length--) {
    const takes = words(schemasAt(schema, at.slice(0, length)));
    if (takes !== undefined) return takes;
  }
  return GROUP;
}

function words(schemas: readonly Schema[]): string | undefined {
  const takes = schemas.flatMap(schema => {
    const own = optionDocs.get(schema);
    return own ?? alternatives(schema).flatMap(s => optionDocs.get(s) ?? []);
  });
  return takes.length === 0
    ? undefined
    : [...new Set(takes.map(each => each.takes))].join(' or ');
}

function schemasAt(schema: Schema, at: OptionPath): readonly Schema[] {
  let schemas: Schema[] = [schema];
  for (const key of at) {
    schemas = schemas.flatMap(alternatives).flatMap(each => {
      if (each instanceof z.ZodArray) return each.element;
      if (each instanceof z.ZodRecord) return each.valueType;
      return isGroup(each) ? (each.shape[String(key)] ?? []) : [];
    });
  }
  return schemas;
}

/** A schema without what gives defaults and the like; a union's branches each. */
export function alternatives(schema: Schema): Schema[] {
  if (schema instanceof z.ZodUnion) return schema.options.flatMap(alternatives);
  if (schema instanceof z.ZodPipe) return alternatives(schema.in);
  return schema instanceof z.ZodDefault ||
    schema instanceof z.ZodPrefault ||
    schema instanceof z.ZodOptional
    ? alternatives(schema.unwrap())
    : [schema];
}

function isGroup(schema: Schema): schema is z.ZodObject {
  return schema instanceof z.ZodObject;
}

function valueAt(input: unknown, at: OptionPath): unknown {
  let value = input;
  for (const key of at) {
    value = (value as Record<PropertyKey, unknown> | null | undefined)?.[key];
  }
  return value;
}
