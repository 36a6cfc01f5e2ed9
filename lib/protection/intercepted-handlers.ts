import { INTERCEPTORS_METADATA } from '@nestjs/common/constants.js';
import { MetadataScanner } from '@nestjs/core';
import { isHandler } from './transport.js';

/** Marks the interceptor's class: two copies of this package have two. */
export const INTERCEPTOR_MARK: unique symbol = Symbol.for(
  'nestjs-breaker:interceptor',
);

/** Whether a class or a method has our interceptor. */
function hasInterceptor(target: object): boolean {
  return countInterceptors(target) > 0;
}

/** How often our interceptor is bound to a handler of a class: Nest runs it as often. */
export function bindingsOf(classRef: object, handler: object): number {
  return countInterceptors(classRef) + countInterceptors(handler);
}

/** The names of the methods that our interceptor runs before. */
export function interceptedHandlers(prototype: object): string[] {
  const methods = prototype as Record<string, object>;
  const isWholeClass = hasInterceptor(prototype.constructor);
  return new MetadataScanner()
    .getAllMethodNames(prototype)
    .filter(
      name =>
        hasInterceptor(methods[name]!) ||
        (isWholeClass && isHandler(methods[name]!)),
    );
}

function countInterceptors(target: object): number {
  const interceptors: unknown = Reflect.getMetadata(
    INTERCEPTORS_METADATA,
    target,
  );
  return Array.isArray(interceptors)
    ? interceptors.filter(isOurInterceptor).length
    : 0;
}

/** Nest takes classes and instances. */
function isOurInterceptor(interceptor: object): boolean {
  return (
    INTERCEPTOR_MARK in
    (typeof interceptor === 'function' ? interceptor : interceptor.constructor)
  );
}
