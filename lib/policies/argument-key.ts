import { types } from 'node:util';

/**
 * A text that two lists of arguments share only if they say the same: types are
 * told apart (`1` and `'1'`, `null` and `undefined`), the order of an object's
 * keys does not matter. An `AbortSignal` says nothing, and neither does an
 * `undefined` at the end.
 *
 * @throws UnserializableArgumentError for whatever is no plain data: functions,
 *   symbols, class instances other than dates, cycles
 */
export function argumentKey(args: readonly unknown[]): string {
  return `[${withoutSignals(args)
    .map((each, index) => write(each, `argument ${index + 1}`, []))
    .join(',')}]`;
}

/** The arguments without what never enters a key: signals, and an `undefined` at the end. */
export function withoutSignals(args: readonly unknown[]): readonly unknown[] {
  const said = args.map(each => (isSignal(each) ? undefined : each));
  while (said.length > 0 && said.at(-1) === undefined) said.pop();
  return said;
}

/** An argument of which no key can be made. */
export class UnserializableArgumentError extends TypeError {
  override readonly name = 'UnserializableArgumentError';

  /**
   * @param where e.g. `argument 1.filter`
   * @param what e.g. `a Map`
   */
  constructor(where: string, what: string) {
    super(`${where} is ${what}, which cannot be part of a key`);
  }
}

/** @param above the objects that this value is in, to notice a cycle */
function write(
  value: unknown,
  where: string,
  above: readonly unknown[],
): string {
  switch (typeof value) {
    case 'string':
      return JSON.stringify(value);
    case 'number':
      return Object.is(value, -0) ? '-0' : String(value);
    case 'boolean':
    case 'undefined':
      return String(value);
    case 'bigint':
      return `${value}n`;
    case 'object':
      return value === null ? 'null' : writeObject(value, where, above);
    default:
      throw new UnserializableArgumentError(where, `a ${typeof value}`);
  }
}

function writeObject(
  value: object,
  where: string,
  above: readonly unknown[],
): string {
  if (isSignal(value)) return 'undefined';
  if (types.isDate(value)) return `Date(${value.getTime()})`;
  if (above.includes(value)) {
    throw new UnserializableArgumentError(where, 'a cycle');
  }
  const within = [...above, value];
  if (isPlainArray(value)) {
    return `[${Array.from(value, (each, index) => write(each, `${where}[${index}]`, within)).join(',')}]`;
  }
  if (!isPlainObject(value)) {
    throw new UnserializableArgumentError(where, nameOf(value));
  }
  const fields = Object.keys(value)
    .toSorted()
    .map(name => [name, (value as Record<string, unknown>)[name]] as const)
    .filter(([, field]) => !isSignal(field));
  return `{${fields.map(([name, field]) => `${JSON.stringify(name)}:${write(field, `${where}.${name}`, within)}`).join(',')}}`;
}

// The prototypes are counted and not compared: what comes from another realm (a
// worker, a test's sandbox) is as plain as our own.

function isPlainArray(value: object): value is unknown[] {
  return (
    Array.isArray(value) &&
    prototypesOf(value) === 2 &&
    // What stands beside the elements would be lost.
    Object.keys(value).length <= value.length
  );
}

function isPlainObject(value: object): boolean {
  return (
    Object.prototype.toString.call(value) === '[object Object]' &&
    prototypesOf(value) <= 1 &&
    !types.isProxy(value) &&
    // What a symbol says of a query would be lost.
    !Object.getOwnPropertySymbols(value).some(symbol =>
      Object.prototype.propertyIsEnumerable.call(value, symbol),
    )
  );
}

function prototypesOf(value: object): number {
  let prototypes = 0;
  let each: unknown = Object.getPrototypeOf(value);
  while (each !== null) {
    prototypes++;
    each = Object.getPrototypeOf(each);
  }
  return prototypes;
}

function isSignal(value: unknown): boolean {
  return value instanceof AbortSignal;
}

function nameOf(value: object): string {
  const { constructor } = value as { constructor?: unknown };
  return typeof constructor === 'function' && constructor.name !== 'Object'
    ? `an instance of ${constructor.name || 'a class'}`
    : 'an object with symbols, or of its own kind';
}
