import type { ModulesContainer } from '@nestjs/core';
import type { OptionProblem } from '../errors/invalid-options.error.js';
import type { CircuitDeclaration } from '../registry/circuit-declaration.js';
import { callSignalOf } from './call-signal.decorator.js';
import { fallbackProblemsOf } from './fallback-problems.js';
import { interceptedHandlers } from './intercepted-handlers.js';
import {
  isOverridden,
  optionsOf,
  problemsOf,
  protectionOfHandler,
  protectionOfMethod,
  type Protection,
} from './protection.js';
import {
  declaredMethods,
  findDeclaredMethod,
} from './protection-metadata.accessor.js';
import { protectionMessages } from './protection.messages.js';
import {
  providerClassesOf,
  wrappersOf,
  type ProviderClass,
} from './provider-classes.js';

/** A circuit that a decorator or our interceptor declares, and what is wrong there. */
export interface DecoratedCircuit extends CircuitDeclaration {
  readonly problems: readonly OptionProblem[];
}

/** What a decorator or our interceptor protects. */
interface Found {
  readonly key: PropertyKey;
  /** The class that a default name is made of, by its prototype. */
  readonly owner: object;
  readonly protection: Protection;
}

/**
 * The circuits that the decorators and interceptors of an application declare,
 * with what is wrong with them. Looks at classes alone, so that it can be asked
 * before anything is instantiated, and again when all is.
 */
export function declaredCircuits(
  modules: ModulesContainer,
): DecoratedCircuit[] {
  const owners = new Map<string, object>();
  return providerClassesOf(wrappersOf(modules)).flatMap(providerClass =>
    foundIn(providerClass.prototype).map(found => ({
      name: found.protection.circuit,
      options: optionsOf(found.protection).circuit,
      source: found.protection.source,
      problems: [
        ...problemsIn(found, providerClass),
        ...nameProblems(found, owners),
      ],
    })),
  );
}

/** Everything that decorators and our interceptor protect in a class. */
function foundIn(prototype: object): Found[] {
  const methods = declaredMethods(prototype).map(method => ({
    key: method.key,
    owner: isOverridden(prototype, method) ? method.writtenIn : prototype,
    protection: protectionOfMethod(prototype, method),
  }));
  const handlers = interceptedHandlers(prototype)
    .filter(key => findDeclaredMethod(prototype, key) === undefined)
    .map(key => ({
      key,
      owner: prototype,
      protection: protectionOfHandler(prototype, key),
    }));
  return [...methods, ...handlers];
}

function problemsIn(
  { key, protection }: Found,
  { prototype, isAssumed }: ProviderClass,
): readonly OptionProblem[] {
  const problems = [
    ...problemsOf(protection),
    ...signalProblems(prototype, key, protection),
  ];
  // The subclass that a factory makes may bring the fallback.
  return problems.length > 0 || isAssumed
    ? problems
    : fallbackProblemsOf(prototype, key, protection);
}

/** Behind the interceptor Nest calls the handler, and nobody fills the parameter. */
function signalProblems(
  prototype: object,
  key: PropertyKey,
  { source }: Protection,
): OptionProblem[] {
  const isFilled =
    findDeclaredMethod(prototype, key) !== undefined ||
    callSignalOf(prototype, key) === undefined;
  return isFilled
    ? []
    : [{ path: source, message: protectionMessages.signalWithoutMethod() }];
}

/** Two classes of one name would share a circuit that nobody asked for. */
function nameProblems(
  { owner, protection }: Found,
  owners: Map<string, object>,
): OptionProblem[] {
  const { circuit, isDefaultName, source } = protection;
  if (!isDefaultName) return [];
  const other = owners.get(circuit) ?? owner;
  owners.set(circuit, other);
  return other === owner
    ? []
    : [
        {
          path: source,
          message: protectionMessages.sharedDefaultName(circuit),
        },
      ];
}
