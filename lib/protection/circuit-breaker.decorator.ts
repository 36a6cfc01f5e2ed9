import { UseInterceptors } from '@nestjs/common';
import { CircuitBreakerInterceptor } from './circuit-breaker.interceptor.js';
import type { CircuitBreakerOptions } from './circuit-breaker-options.js';
import type {
  HasClassFallbacks,
  HasFallbacks,
  IsInstance,
  Method,
} from './fallback-check.js';
import { injectModuleRef } from './module-ref-of.js';
import { protectMethod } from './protected-method.js';
import {
  declareClass,
  declareMethod,
  ownDeclaration,
  type Declaration,
} from './protection-metadata.accessor.js';
import { protectionMessages } from './protection.messages.js';

/**
 * What `@CircuitBreaker()` answers with: a decorator of methods and classes that
 * only compiles where the named fallbacks are public methods that fit.
 */
export interface CircuitBreakerDecorator<FallbackName extends string> {
  <Host extends object, M extends Method>(
    target: Host & IsInstance<Host> & HasFallbacks<Host, FallbackName, M>,
    key: string | symbol,
    descriptor: TypedPropertyDescriptor<M>,
  ): void;
  <Class extends abstract new (...args: never[]) => object>(
    target: Class & {
      readonly prototype: HasClassFallbacks<InstanceType<Class>, FallbackName>;
    },
  ): void;
}

/**
 * Lets a method's calls go through a circuit breaker.
 *
 * On a method, each call is one call of the circuit: a promise is judged when it
 * settles, a plain value at once, an Observable once for each subscription. While
 * the circuit refuses, the method's body does not run: the fallback answers, or
 * the call fails with a `CircuitOpenException` (HTTP 503).
 *
 * On a class, name and options are the defaults of its decorated methods; on a
 * controller, every handler is protected.
 *
 * Options of a circuit belong to its name, wherever it is used; give them in one
 * place: here, in `forRoot` or in `forFeature`. A mistake in them stops the start
 * of the application.
 *
 * @param name the circuit's name; methods of one name share one circuit.
 *   @default `Class.method`
 * @throws TypeError on what is not a method of an instance: accessors,
 *   generators, static methods, properties
 *
 * @example
 * @CircuitBreaker('payment-gateway', { fallback: 'queueCharge' })
 * async charge(orderId: string, cents: number): Promise<Receipt> { … }
 *
 * queueCharge(error: unknown, orderId: string, cents: number): Receipt { … }
 */
export function CircuitBreaker<FallbackName extends string = never>(
  name?: string,
  options?: CircuitBreakerOptions<FallbackName>,
): CircuitBreakerDecorator<FallbackName>;
/** With the default name `Class.method`. */
export function CircuitBreaker<FallbackName extends string = never>(
  options: CircuitBreakerOptions<FallbackName>,
): CircuitBreakerDecorator<FallbackName>;
export function CircuitBreaker(
  nameOrOptions?: string | CircuitBreakerOptions,
  moreOptions?: CircuitBreakerOptions,
): CircuitBreakerDecorator<string> {
  const declaration: Declaration =
    typeof nameOrOptions === 'object'
      ? { name: undefined, options: nameOrOptions }
      : { name: nameOrOptions, options: moreOptions ?? {} };
  return (
    target: object | (abstract new (...args: never[]) => object),
    key?: PropertyKey | DecoratorContext,
    descriptor?: TypedPropertyDescriptor<Method>,
  ): void => {
    if (typeof key === 'object') {
      throw new TypeError(protectionMessages.standardDecorators());
    }
    if (key === undefined) decorateClass(target as Function, declaration);
    else decorateMethod(target, key, descriptor, declaration);
  };
}

function decorateMethod(
  target: object,
  key: PropertyKey,
  descriptor: TypedPropertyDescriptor<Method> | undefined,
  declaration: Declaration,
): void {
  const what = `${nameOf(target)}.${String(key)}`;
  const refused = kindOfOther(target, descriptor);
  if (refused !== undefined) {
    throw new TypeError(protectionMessages.notAMethod(what, refused));
  }
  if (ownDeclaration(target, key) !== undefined) {
    throw new TypeError(protectionMessages.decoratedTwice(what));
  }
  declareMethod(target, key, declaration);
  injectModuleRef(target);
  descriptor!.value = protectMethod(descriptor!.value!, {
    key,
    declaration,
    writtenIn: target,
  });
}

function decorateClass(target: Function, declaration: Declaration): void {
  const prototype = target.prototype as object;
  declareClass(prototype, declaration);
  UseInterceptors(CircuitBreakerInterceptor)(target);
}

/** What the decorated thing is, if it is no method of an instance. */
function kindOfOther(
  target: object,
  descriptor: TypedPropertyDescriptor<Method> | undefined,
): string | undefined {
  if (typeof target === 'function') {
    return 'static, and belongs to no instance and so to no application';
  }
  if (descriptor === undefined) return 'a property';
  if (descriptor.get !== undefined || descriptor.set !== undefined) {
    return 'an accessor';
  }
  if (typeof descriptor.value !== 'function') return 'no function';
  return GENERATORS.get(Object.prototype.toString.call(descriptor.value));
}

const GENERATORS: ReadonlyMap<string, string> = new Map([
  [
    '[object GeneratorFunction]',
    'a generator, which fails while it is iterated and not at the call',
  ],
  [
    '[object AsyncGeneratorFunction]',
    'an async generator, which fails while it is iterated and not at the call',
  ],
]);

function nameOf(target: object): string {
  return typeof target === 'function' ? target.name : target.constructor.name;
}
