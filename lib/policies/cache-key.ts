import { createHash } from 'node:crypto';
import { InvalidOptionsError } from '../errors/invalid-options.error.js';
import { quote } from '../state/quote.js';
import {
  argumentKey,
  UnserializableArgumentError,
  withoutSignals,
} from './argument-key.js';
import type { CacheRules } from './cache-options.js';
import type { PolicyHost } from './policy-host.js';

/**
 * The key of a call, or `undefined` for a call that is not to be cached: the
 * user's own `key` said so, threw, or answered what is no key.
 *
 * @param namespace from {@link cacheNamespace}: methods never share a value
 * @throws InvalidOptionsError if there is no `key` and the arguments are no plain data
 */
export function cacheKeyOf(
  { key }: Pick<CacheRules, 'key'>,
  namespace: string,
  args: readonly unknown[],
  host: Pick<PolicyHost, 'name' | 'report'>,
): string | undefined {
  const name =
    key === undefined
      ? nameByArguments(args, host)
      : nameByUser(key, withoutSignals(args), host);
  return name === undefined ? undefined : namespace + shorten(name);
}

/**
 * What keeps the values of two methods apart. No namespace is the beginning of
 * another one.
 *
 * @param parts e.g. the circuit's name, its key, and the method's class and name
 */
export function cacheNamespace(...parts: readonly (string | null)[]): string {
  return JSON.stringify(parts);
}

/** Longer names are told apart by their hash: neither memory nor a store is for them. */
const LONGEST_NAME = 200;

function shorten(name: string): string {
  // What looks like a hash is hashed, too, so that nobody can name another's value.
  return name.length <= LONGEST_NAME && !name.startsWith('#')
    ? name
    : `#${createHash('sha256').update(name).digest('base64url')}`;
}

function nameByUser(
  key: NonNullable<CacheRules['key']>,
  args: readonly unknown[],
  { report }: Pick<PolicyHost, 'report'>,
): string | undefined {
  let name: unknown;
  try {
    name = key(...(args as never[]));
  } catch (error) {
    report('cache.key', error);
    return undefined;
  }
  if (typeof name === 'string' || name === undefined) return name;
  if (typeof name === 'number') return String(name);
  report(
    'cache.key',
    new TypeError(`it answered ${quote(name)}, which is no string`),
  );
  return undefined;
}

function nameByArguments(
  args: readonly unknown[],
  { name }: Pick<PolicyHost, 'name'>,
): string {
  try {
    return argumentKey(args);
  } catch (error) {
    if (!(error instanceof UnserializableArgumentError)) throw error;
    throw new InvalidOptionsError(`A cached call of "${name}"`, [
      {
        path: 'cache.key',
        message: `is missing, and ${error.message}; give key, a function of the arguments that answers a string`,
      },
    ]);
  }
}
