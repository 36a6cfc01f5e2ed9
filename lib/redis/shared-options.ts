import { isDeepStrictEqual } from 'node:util';
import type { CircuitOptions } from '../state/circuit-options.js';
import { isMergeable } from '../state/merge-options.js';

/**
 * A change of options by path, such as `halfOpen.calls`, each as JSON: the store
 * keeps it without reading it. What is set as a whole and in parts was set as a
 * whole first; `{}` is an object of which no part is set.
 */
export type OptionChange = Readonly<Record<string, string>>;

/** An option as JSON, and the generation of the change that set it. */
export type SharedOption = readonly [gen: number, json: string];

/** Options that were changed at run time, by path. */
export type SharedOptions = Readonly<Record<string, SharedOption>>;

/** The window of a circuit is one of the latest calls unless it says otherwise. */
const COUNT_WINDOW = '"count"';

/** What of a patch can be sent: no functions and classes, nor lists that have some. */
export function sendable(patch: CircuitOptions): CircuitOptions {
  return Object.fromEntries(
    Object.entries(patch).flatMap(([key, value]: [string, unknown]) => {
      if (isMergeable(value)) return [[key, sendable(value)]];
      return isPlain(value) ? [[key, value]] : [];
    }),
  );
}

/**
 * Lays a patch over options as `mergeOptions` does, key by key: a window of
 * another type, and an object over what is none, replace the whole.
 *
 * @param patch what can be sent
 * @param gen of the change; higher than all before
 */
export function layPatch(
  options: SharedOptions,
  patch: CircuitOptions,
  gen: number,
): SharedOptions {
  return layChange(options, changeOf(options, patch), gen);
}

/** Lays a change over options; the script does the same. */
export function layChange(
  options: SharedOptions,
  change: OptionChange,
  gen: number,
): SharedOptions {
  const laid: Record<string, SharedOption> = { ...options };
  const type = change['window.type'] ?? COUNT_WINDOW;
  const [, typeBefore] = options['window.type'] ?? [0, COUNT_WINDOW];
  if ('window.type' in change && type !== typeBefore) {
    laid['window'] = [gen, '{}'];
  }
  for (const [path, json] of Object.entries(change)) laid[path] = [gen, json];
  return withoutEnded(laid);
}

/**
 * What two know of the same options, in one: of each the later. In whatever order
 * and however often it is done, the result is the same. The script does so, too.
 */
export function joinOptions(
  options: SharedOptions,
  others: SharedOptions,
): SharedOptions {
  const joined: Record<string, SharedOption> = { ...options };
  for (const [path, option] of Object.entries(others)) {
    const known = Object.hasOwn(joined, path) ? joined[path] : undefined;
    if (known === undefined || known[0] < option[0]) joined[path] = option;
  }
  return withoutEnded(joined);
}

/** As one document, to be laid over what a circuit has. */
export function asDocument(options: SharedOptions): CircuitOptions {
  const document: Record<string, unknown> = {};
  // What was set as a whole comes before its parts.
  for (const [path, [, json]] of Object.entries(options).toSorted(byPath)) {
    const keys = path.split('.');
    const last = keys.pop()!;
    let at = document;
    for (const key of keys) {
      const below = Object.hasOwn(at, key) ? at[key] : undefined;
      at = (at[key] = isMergeable(below) ? below : {}) as typeof at;
    }
    at[last] = JSON.parse(json);
  }
  return document;
}

/** Whether one path is a part of what the other names. */
function isUnder(path: string, whole: string): boolean {
  return path.startsWith(`${whole}.`);
}

/** Lets go of parts that ended when the whole was set again. */
function withoutEnded(options: SharedOptions): SharedOptions {
  const entries = Object.entries(options);
  return Object.fromEntries(
    entries.filter(
      ([path, [gen]]) =>
        !entries.some(
          ([whole, [since]]) => since > gen && isUnder(path, whole),
        ),
    ),
  );
}

function changeOf(
  options: SharedOptions,
  patch: object,
  prefix = '',
): OptionChange {
  return Object.fromEntries(
    Object.entries(patch).flatMap(([key, value]: [string, unknown]) => {
      const path = prefix + key;
      if (!isMergeable(value)) return [[path, JSON.stringify(value)]];
      const parts = changeOf(options, value, `${path}.`);
      if (Object.keys(value).length > 0) return Object.entries(parts);
      return isWhole(options, path) ? [[path, '{}']] : [];
    }),
  );
}

/** Whether it is set, and not in parts: an object of nothing then replaces it, and else changes nothing. */
function isWhole(options: SharedOptions, path: string): boolean {
  return (
    Object.hasOwn(options, path) &&
    !Object.keys(options).some(each => isUnder(each, path))
  );
}

function isPlain(value: unknown): boolean {
  const json = JSON.stringify(value) as string | undefined;
  return json !== undefined && isDeepStrictEqual(JSON.parse(json), value);
}

function byPath([one]: [string, unknown], [other]: [string, unknown]): number {
  return one < other ? -1 : 1;
}
