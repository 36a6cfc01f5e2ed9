import type { Type } from '@nestjs/common';
import type { ModuleRef } from '@nestjs/core';
import type { CallPlan } from '../circuit/call-options.js';
import type { Circuit } from '../circuit/circuit.js';
import { declaredAnswerKind } from './declared-answer-kind.js';
import { findRegistry } from './find-registry.js';
import { bindingsOf } from './intercepted-handlers.js';
import { openProtection } from './open-protection.js';
import { protectionOfHandler, protectionOfMethod } from './protection.js';
import {
  findDeclaredMethod,
  prototypeChain,
} from './protection-metadata.accessor.js';
import { transportErrorsOf, type TransportErrors } from './transport-errors.js';

/** What the calls of a handler have in common. */
export interface HandlerGuard {
  readonly circuit: Circuit;
  readonly plan: CallPlan;
  readonly errors: TransportErrors;
  /** Its method has a circuit of its own, which counts the call. */
  readonly isMethodProtected: boolean;
  /** It answers with a promise, which runs on when nobody listens any more. */
  readonly runsOn: boolean;
  /** A fallback is a method of the controller. */
  readonly needsController: boolean;
  /** Bound more than once, for example to the class and to the method. */
  readonly isBoundTwice: boolean;
}

/**
 * The guard of a handler, for the instances of a class.
 *
 * @returns `undefined` where there are no circuits: the module is missing, or not there yet
 */
export function guardOfHandler(
  moduleRef: ModuleRef,
  classRef: Type,
  handler: Function,
): HandlerGuard | undefined {
  const prototype = classRef.prototype as object;
  const key = keyOf(prototype, handler);
  const declared = findDeclaredMethod(prototype, key);
  const protection =
    declared === undefined
      ? protectionOfHandler(prototype, key)
      : protectionOfMethod(prototype, declared);
  const registry = findRegistry(moduleRef, () => protection.source);
  if (registry === undefined) return undefined;
  const { circuit, plan } = openProtection(registry, protection);
  return {
    circuit,
    plan,
    errors: transportErrorsOf(moduleRef),
    runsOn: answersByPromise(prototype, key, plan),
    needsController: (plan.fallback?.methodNames ?? []).length > 0,
    isMethodProtected: declared !== undefined,
    isBoundTwice: bindingsOf(classRef, handler) > 1,
  };
}

/** As far as it is declared: what an interceptor gets is an Observable of either kind. */
function answersByPromise(
  prototype: object,
  key: PropertyKey,
  plan: CallPlan,
): boolean {
  const returnType: unknown = Reflect.getMetadata(
    'design:returntype',
    prototype,
    key as string | symbol,
  );
  const handler: unknown = Reflect.get(prototype, key);
  const kind = declaredAnswerKind(handler, returnType) ?? plan.returns;
  return kind === 'promise';
}

/** The name under which a class has a handler; decorators may have put another function there. */
function keyOf(prototype: object, handler: Function): PropertyKey {
  for (const owner of prototypeChain(prototype)) {
    const key = Reflect.ownKeys(owner).find(
      name => Object.getOwnPropertyDescriptor(owner, name)?.value === handler,
    );
    if (key !== undefined) return key;
  }
  return handler.name;
}
