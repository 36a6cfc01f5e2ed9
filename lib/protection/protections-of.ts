import { interceptedHandlers } from './intercepted-handlers.js';
import {
  protectionOfHandler,
  protectionOfMethod,
  type Protection,
} from './protection.js';
import {
  declaredMethods,
  findDeclaredMethod,
} from './protection-metadata.accessor.js';

/** A protected method or handler of a class. */
export interface FoundProtection {
  readonly key: PropertyKey;
  /** The class that a default name is made of, by its prototype. */
  readonly owner: object;
  readonly protection: Protection;
}

/** Everything that decorators and our interceptor protect in a class. */
export function protectionsOf(prototype: object): FoundProtection[] {
  const methods = declaredMethods(prototype).map(declared => {
    const { key, writtenIn } = declared;
    const isOverridden =
      findDeclaredMethod(prototype, key)?.writtenIn !== writtenIn;
    return {
      key,
      owner: isOverridden ? writtenIn : prototype,
      protection: protectionOfMethod(prototype, declared),
    };
  });
  const handlers = interceptedHandlers(prototype)
    .filter(key => findDeclaredMethod(prototype, key) === undefined)
    .map(key => ({
      key,
      owner: prototype,
      protection: protectionOfHandler(prototype, key),
    }));
  return [...methods, ...handlers];
}
