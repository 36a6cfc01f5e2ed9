/** Options nest less deep than this; what is deeper is a mistake that the schema names. */
const DEEPEST = 4;

type PlainObject = Record<string, unknown>;

/**
 * Lays `patch` over `base`, key by key, nested objects too, and answers a new
 * object; neither argument is changed or kept.
 *
 * - `undefined` means not given: it leaves what is below.
 * - A `window` of another type replaces the whole window, because the two kinds
 *   have no key in common.
 * - Arrays, functions, and objects over anything else replace what is below.
 *
 * Nothing is validated: a patch that is no object at all is answered as it is,
 * for `parseOptions` to name.
 *
 * @example
 * mergeOptions(
 *   { halfOpen: { calls: 5 } },
 *   { halfOpen: { concurrency: 2 }, mode: undefined },
 * ); // { halfOpen: { calls: 5, concurrency: 2 } }
 */
export function mergeOptions<T extends object>(
  base: T,
  patch: NoInfer<T> | undefined,
): T {
  if (patch !== undefined && !isMergeable(patch)) return patch;
  // The result has the keys of two objects of this type, each with a value of one of them.
  return merge(base as PlainObject, (patch ?? {}) as PlainObject, 0) as T;
}

function merge(
  base: PlainObject,
  patch: PlainObject,
  depth: number,
): PlainObject {
  const merged: PlainObject = {};
  for (const key of Object.keys(base)) {
    if (base[key] !== undefined) put(merged, key, copy(base[key], depth));
  }
  for (const key of Object.keys(patch)) {
    const given = patch[key];
    if (given === undefined) continue;
    const below = Object.hasOwn(merged, key) ? merged[key] : undefined;
    const layered =
      depth < DEEPEST &&
      isMergeable(below) &&
      isMergeable(given) &&
      !(key === 'window' && isOtherWindow(below, given));
    put(
      merged,
      key,
      layered ? merge(below, given, depth + 1) : copy(given, depth),
    );
  }
  return merged;
}

function copy(value: unknown, depth: number): unknown {
  if (depth >= DEEPEST) return value;
  if (Array.isArray(value)) return value.slice();
  return isMergeable(value) ? merge(value, {}, depth + 1) : value;
}

/** A plain assignment to `__proto__` would change the object's prototype instead. */
function put(target: PlainObject, key: string, value: unknown): void {
  Object.defineProperty(target, key, {
    value,
    configurable: true,
    enumerable: true,
    writable: true,
  });
}

/**
 * A patch whose window has the type that is in force, unless it gives one itself:
 * patches are laid over each other before they meet what is below them, and a
 * window of another type has to know this one for what it is.
 *
 * @param type in force; a window of the latest calls needs none
 */
export function withWindowType<T extends object>(
  patch: T,
  type: string | undefined,
): T {
  if ((type ?? 'count') === 'count' || !isMergeable(patch)) return patch;
  const { window } = patch;
  if (!isMergeable(window) || window['type'] !== undefined) return patch;
  return { ...patch, window: { ...window, type } };
}

/** A window without a type is one of the latest calls. */
function isOtherWindow(below: PlainObject, given: PlainObject): boolean {
  return (
    given['type'] !== undefined && given['type'] !== (below['type'] ?? 'count')
  );
}

/** An object of options: also of a class of the user's, but no array, date, map or the like. */
export function isMergeable(value: unknown): value is PlainObject {
  return Object.prototype.toString.call(value) === '[object Object]';
}
