import type { OptionProblem } from '../errors/invalid-options.error.js';
import { FallbackChain } from '../policies/fallback.js';
import { closestName } from '../state/closest-name.js';
import {
  optionsOf,
  protectionOfMethod,
  type Protection,
} from './protection.js';
import {
  findDeclaredMethod,
  prototypeChain,
} from './protection-metadata.accessor.js';
import { protectionMessages } from './protection.messages.js';

/**
 * What is wrong with fallbacks that are named by a method: TypeScript says so at
 * compile time, this says so at the start, also to those who write JavaScript.
 *
 * @param key the protected method
 */
export function fallbackProblemsOf(
  prototype: object,
  key: PropertyKey,
  protection: Protection,
): OptionProblem[] {
  const { fallback } = optionsOf(protection).call;
  if (fallback === undefined) return [];
  return new FallbackChain(fallback).methodNames.flatMap(name => {
    const message = problemOf(prototype, key, protection.circuit, name);
    return message === undefined
      ? []
      : { path: `${protection.source}: fallback`, message };
  });
}

function problemOf(
  prototype: object,
  key: PropertyKey,
  circuit: string,
  name: string,
): string | undefined {
  if (name === key) return protectionMessages.fallbackIsItself(name);
  if (name === 'constructor' || !hasMethod(prototype, name)) {
    const closest = closestName(name, methodNamesOf(prototype));
    return protectionMessages.fallbackIsMissing(name, closest);
  }
  const declared = findDeclaredMethod(prototype, name);
  return declared !== undefined &&
    protectionOfMethod(prototype, declared).circuit === circuit
    ? protectionMessages.fallbackIsInside(name, circuit)
    : undefined;
}

/** Looks without calling: a getter may do anything. */
function hasMethod(prototype: object, name: string): boolean {
  for (const each of prototypeChain(prototype)) {
    const descriptor = Object.getOwnPropertyDescriptor(each, name);
    if (descriptor !== undefined) {
      return (
        typeof descriptor.value === 'function' || descriptor.get !== undefined
      );
    }
  }
  return false;
}

function methodNamesOf(prototype: object): string[] {
  return prototypeChain(prototype)
    .flatMap(each => Object.getOwnPropertyNames(each))
    .filter(name => name !== 'constructor');
}
