import { Inject } from '@nestjs/common';
import { ModuleRef } from '@nestjs/core';

const MODULE_REF = Symbol.for('nestjs-breaker:module-ref');

/** Those that take no new property: frozen objects, and proxies that refuse one. */
const closedObjects = new WeakMap<object, ModuleRef>();

/**
 * Has Nest give each instance of a class the `ModuleRef` of its module, whatever
 * its scope, by property injection. `ModuleRef` is in every module and static, so
 * nothing is instantiated for it and no scope changes.
 *
 * Nest assigns the property; the setter keeps it from showing up in the user's
 * own `toEqual`, `JSON.stringify` and spreads, and lets a constructor freeze
 * its instance.
 */
export function injectModuleRef(prototype: object): void {
  // Once for a class, however many of its methods are decorated.
  if (Object.hasOwn(prototype, MODULE_REF)) return;
  Inject(ModuleRef)(prototype, MODULE_REF);
  Object.defineProperty(prototype, MODULE_REF, {
    // Another copy of this package asks an object by this property alone.
    get(this: object) {
      return closedObjects.get(this);
    },
    set(this: object, moduleRef: ModuleRef) {
      setModuleRef(this, moduleRef);
    },
  });
}

/** The `ModuleRef` of the application that made or adopted the object; `undefined` outside a container. */
export function moduleRefOf(self: unknown): ModuleRef | undefined {
  if (self === undefined || self === null) return undefined;
  return (
    (self as { [MODULE_REF]?: ModuleRef })[MODULE_REF] ??
    closedObjects.get(self)
  );
}

/** For objects that Nest did not instantiate itself. */
export function setModuleRef(self: object, moduleRef: ModuleRef): void {
  const isSet = Reflect.defineProperty(self, MODULE_REF, {
    configurable: true,
    enumerable: false,
    value: moduleRef,
    writable: true,
  });
  if (!isSet) closedObjects.set(self, moduleRef);
}
