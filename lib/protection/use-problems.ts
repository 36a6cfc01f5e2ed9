import type { InstanceWrapper } from '@nestjs/core/injector/instance-wrapper.js';
import type { OptionProblem } from '../errors/invalid-options.error.js';
import { declaredAnswerKind } from './declared-answer-kind.js';
import { interceptedHandlers } from './intercepted-handlers.js';
import {
  optionsOf,
  protectionOfHandler,
  protectionOfMethod,
  type Protection,
} from './protection.js';
import {
  declaredMethods,
  findDeclaredMethod,
} from './protection-metadata.accessor.js';
import { protectionMessages } from './protection.messages.js';
import { isObject } from './provider-classes.js';
import { isHandler } from './transport.js';

/**
 * What is wrong with where decorators stand, beside their options alone: waiting
 * for what is there at once, calling a handler again, and one cache for the
 * answers of many requests or of two classes.
 *
 * @param wrappers of an application whose providers are all known
 */
export function useProblemsOf(
  wrappers: readonly InstanceWrapper[],
): OptionProblem[] {
  const cachedBy = new Map<string, object>();
  return wrappers.flatMap(wrapper => {
    const prototype = prototypeOf(wrapper);
    if (prototype === undefined) return [];
    const ofMethods = declaredMethods(prototype).flatMap(method => {
      const protection = protectionOfMethod(prototype, method);
      return [
        ...waitingProblems(prototype, method.key, protection),
        ...cacheProblems(wrapper, prototype, method.key, protection, cachedBy),
      ];
    });
    const ofHandlers = interceptedHandlers(prototype)
      .filter(key => findDeclaredMethod(prototype, key) === undefined)
      .flatMap(key => handlerProblems(protectionOfHandler(prototype, key)));
    return [...ofMethods, ...ofHandlers];
  });
}

/** What a provider is made of; a factory's class is the one that it is asked for by. */
function prototypeOf(wrapper: InstanceWrapper): object | undefined {
  const { metatype, token } = wrapper;
  const type: unknown = wrapper.isNotMetatype ? token : metatype;
  const prototype: unknown =
    typeof type === 'function' ? type.prototype : undefined;
  return isObject(prototype) ? prototype : undefined;
}

function waitingProblems(
  prototype: object,
  key: PropertyKey,
  protection: Protection,
): OptionProblem[] {
  const { call } = optionsOf(protection);
  const returnType: unknown = Reflect.getMetadata(
    'design:returntype',
    prototype,
    key as string | symbol,
  );
  const method: unknown = Reflect.get(prototype, key);
  const kind = declaredAnswerKind(method, returnType) ?? call.returns;
  if (kind !== 'value') return [];
  return (['timeout', 'deadline', 'retry'] as const)
    .filter(name => call[name] !== undefined && call[name] !== false)
    .map(name => problem(protection, name, protectionMessages.plainValue()));
}

/** Pipes have run and a body has been read: a handler cannot be called again. */
function handlerProblems(protection: Protection): OptionProblem[] {
  const { retry } = optionsOf(protection).call;
  return retry === undefined || retry === false
    ? []
    : [problem(protection, 'retry', protectionMessages.retriedHandler())];
}

function cacheProblems(
  wrapper: InstanceWrapper,
  prototype: object,
  key: PropertyKey,
  protection: Protection,
  cachedBy: Map<string, object>,
): OptionProblem[] {
  const { cache } = optionsOf(protection).call;
  if (typeof cache !== 'object') return [];
  // One request's answer must not be another's.
  if (cache.key === undefined && !wrapper.isDependencyTreeStatic()) {
    const message = protectionMessages.cacheOfManyRequests();
    return [problem(protection, 'cache.key', message)];
  }
  if (cache.key === undefined && isHandler(Reflect.get(prototype, key))) {
    const message = protectionMessages.cacheOfHandler();
    return [problem(protection, 'cache.key', message)];
  }
  const name = JSON.stringify([protection.circuit, protection.source]);
  const other = cachedBy.get(name) ?? prototype;
  cachedBy.set(name, other);
  if (other === prototype) return [];
  return [problem(protection, 'cache', protectionMessages.cacheOfTwoClasses())];
}

function problem(
  { source }: Protection,
  option: string,
  message: string,
): OptionProblem {
  return { path: `${source}: ${option}`, message };
}
