const ALL = Symbol.for('nestjs-breaker:shared-by-target');

/**
 * What all applications of a process share that report to the same target, such as
 * a registry of metrics: two of them must not report the same series apart. Found
 * through the process, because two copies of this package may be loaded.
 */
export function sharedByTarget<T>(target: object, create: () => T): T {
  const process = globalThis as { [ALL]?: WeakMap<object, unknown> };
  const all = (process[ALL] ??= new WeakMap());
  if (!all.has(target)) all.set(target, create());
  return all.get(target) as T;
}

/** The next one who asks gets a new one. */
export function forgetTarget(target: object): void {
  (globalThis as { [ALL]?: WeakMap<object, unknown> })[ALL]?.delete(target);
}
