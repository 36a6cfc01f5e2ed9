import type { ModulesContainer } from '@nestjs/core';
import type { InstanceWrapper } from '@nestjs/core/injector/instance-wrapper.js';

/** A class of a provider or controller, by its prototype. */
export interface ProviderClass {
  readonly prototype: object;
  /** Only what the provider is asked for by: a factory may make something else. */
  readonly isAssumed: boolean;
}

/** Every provider, controller and enhancer of an application; aliases are left out. */
export function wrappersOf(modules: ModulesContainer): InstanceWrapper[] {
  return [...modules.values()]
    .flatMap(({ providers, controllers, injectables }) => [
      ...providers.values(),
      ...controllers.values(),
      ...injectables.values(),
    ])
    .filter(({ isAlias }) => !isAlias) as InstanceWrapper[];
}

/**
 * The classes of an application, each once. Before the providers are instantiated
 * a factory's class is assumed to be the one it is asked for by; later what it
 * made is known.
 */
export function providerClassesOf(
  wrappers: readonly InstanceWrapper[],
): ProviderClass[] {
  const assumed = wrappers.map(assumedPrototypeOf).filter(isObject);
  const certain = wrappers.map(certainPrototypeOf).filter(isObject);
  const classes = new Map<object, boolean>();
  for (const prototype of assumed) classes.set(prototype, true);
  for (const prototype of certain) classes.set(prototype, false);
  return Array.from(classes, ([prototype, isAssumed]) => ({
    prototype,
    isAssumed,
  }));
}

/** The one instance of a provider that is a value or what a factory has made; `undefined` for others. */
export function ownInstanceOf(wrapper: InstanceWrapper): object | undefined {
  if (!wrapper.isNotMetatype || wrapper.isTransient) return undefined;
  const instance: unknown = wrapper.instance;
  return isObject(instance) ? instance : undefined;
}

export function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

function certainPrototypeOf(wrapper: InstanceWrapper): unknown {
  if (!wrapper.isNotMetatype) return (wrapper.metatype as Function).prototype;
  const instance = ownInstanceOf(wrapper);
  return instance && Object.getPrototypeOf(instance);
}

function assumedPrototypeOf(wrapper: InstanceWrapper): unknown {
  const { token } = wrapper;
  return wrapper.isFactory && typeof token === 'function'
    ? token.prototype
    : undefined;
}
