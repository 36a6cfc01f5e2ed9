import type { OptionProblem } from '../errors/invalid-options.error.js';
import { mergeOptions } from '../state/merge-options.js';
import { examineOptions } from '../state/parse-options.js';
import {
  circuitBreakerOptionsSchema,
  isCircuitOption,
  splitOptions,
  type CircuitBreakerOptions,
  type SplitOptions,
} from './circuit-breaker-options.js';
import {
  classDeclaration,
  classNameOf,
  findDeclaredMethod,
  type DeclaredMethod,
} from './protection-metadata.accessor.js';

/** What the decorators of a class and of its method come to, for the instances of one class. */
export interface Protection {
  /** The circuit's name. */
  readonly circuit: string;
  /** Nobody gave the name: it is made of the class's and the method's. */
  readonly isDefaultName: boolean;
  /** What is protected, as messages call it: `Class.method`. */
  readonly source: string;
  /** Both kinds of options, the class's under the method's. */
  readonly options: CircuitBreakerOptions;
}

/**
 * The protection of a decorated method for the instances of a class.
 *
 * A default name has the name of the instances' own class: two classes that
 * inherit a method are two dependencies until they are given one name. A method
 * that is only reached with `super` has the name of the class that it is
 * written in.
 *
 * @param prototype of the class that the instances are of
 */
export function protectionOfMethod(
  prototype: object,
  method: DeclaredMethod,
): Protection {
  const { key, declaration, writtenIn } = method;
  const owner = isOverridden(prototype, method) ? writtenIn : prototype;
  return resolve(
    classDeclaration(prototype),
    declaration,
    `${classNameOf(owner)}.${String(key)}`,
  );
}

/** Whether the instances of a class have another decorated method in its place, and reach it with `super` alone. */
export function isOverridden(
  prototype: object,
  { key, writtenIn }: DeclaredMethod,
): boolean {
  return findDeclaredMethod(prototype, key)?.writtenIn !== writtenIn;
}

/** The protection of a handler that only its class's decorator or the interceptor protects. */
export function protectionOfHandler(
  prototype: object,
  key: PropertyKey,
): Protection {
  return resolve(
    classDeclaration(prototype),
    undefined,
    `${classNameOf(prototype)}.${String(key)}`,
  );
}

/** A circuit's options and those of the call. */
export function optionsOf({ options }: Protection): SplitOptions {
  return splitOptions(options);
}

/**
 * What is wrong with the options of the call, and with unknown ones. Those of the
 * circuit are judged by the registry, together with their other layers.
 */
export function problemsOf({ options, source }: Protection): OptionProblem[] {
  return examineOptions(circuitBreakerOptionsSchema, options)
    .problems.filter(({ at: [key] }) => !isCircuitOption(key))
    .map(({ path, message }) => ({
      path: `${source}: ${path}`,
      message,
    }));
}

function resolve(
  ofClass: DeclaredMethod['declaration'] | undefined,
  ofMethod: DeclaredMethod['declaration'] | undefined,
  source: string,
): Protection {
  const name = ofMethod?.name ?? ofClass?.name;
  return {
    circuit: name ?? source,
    isDefaultName: name === undefined,
    source,
    options: mergeOptions(ofClass?.options ?? {}, ofMethod?.options),
  };
}
