// Decorators without a compiler: these files are run as they are.

/**
 * @param {Function} target
 * @param {...any} decorators as they would stand above the class
 */
export function decorateClass(target, ...decorators) {
  for (const decorator of decorators.toReversed()) decorator(target);
}

/**
 * @param {Function} target
 * @param {string} key
 * @param {...any} decorators as they would stand above the method
 */
export function decorateMethod(target, key, ...decorators) {
  const descriptor = Object.getOwnPropertyDescriptor(target.prototype, key);
  for (const decorator of decorators.toReversed()) {
    decorator(target.prototype, key, descriptor);
  }
  Object.defineProperty(target.prototype, key, descriptor ?? {});
}
