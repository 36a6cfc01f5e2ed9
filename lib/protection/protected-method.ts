import type { ModuleRef } from '@nestjs/core';
import type { AnswerKind, CallPlan } from '../circuit/call-options.js';
import type { Body, KindOfAnswers } from '../circuit/call.js';
import type { Circuit } from '../circuit/circuit.js';
import { invoke } from '../circuit/invoke.js';
import { declaredAnswerKind } from './declared-answer-kind.js';
import {
  callSignalOf,
  givenSignal,
  withSignal,
} from './call-signal.decorator.js';
import type { Method } from './fallback-check.js';
import { findRegistry } from './find-registry.js';
import { moduleRefOf } from './module-ref-of.js';
import { transportErrorsOf } from './transport-errors.js';
import { transportOf } from './transport.js';
import { openProtection } from './open-protection.js';
import { protectionOfMethod } from './protection.js';
import {
  findDeclaredMethod,
  type DeclaredMethod,
} from './protection-metadata.accessor.js';

/**
 * Puts a circuit breaker in front of a method. Everything about it is found at the
 * call: through the `ModuleRef` of the instance, never at import.
 *
 * A `Proxy`, so that name, length and own properties of the method stay;
 * the metadata of decorators below is copied, that of decorators above arrives by
 * itself.
 *
 * @returns the function to put in the method's place
 */
export function protectMethod(
  original: Method,
  declared: DeclaredMethod,
): Method {
  const method = new ProtectedMethod(original, declared);
  const proxy = new Proxy(original, {
    apply: (_original, self: unknown, args: unknown[]) =>
      method.call(self, args),
  });
  for (const key of Reflect.getOwnMetadataKeys(original)) {
    const value: unknown = Reflect.getOwnMetadata(key, original);
    Reflect.defineMetadata(key, value, proxy);
  }
  return proxy;
}

/** Makes a call; rejections come out in the words of a transport. */
type InWords = (call: () => unknown) => unknown;

/** What the calls of one class's instances in one application have in common. */
interface Binding {
  readonly moduleRef: ModuleRef;
  readonly prototype: object;
  readonly circuit: Circuit;
  readonly plan: CallPlan;
  readonly kind: AnswerKind | undefined;
  /** Puts rejections into the words of the handler's transport, if it needs that. */
  readonly inWords: InWords | undefined;
  /** Reached with `super` from a method that this same circuit already protects. */
  readonly isInside: boolean;
}

class ProtectedMethod {
  private readonly bindings = new WeakMap<
    object,
    WeakMap<ModuleRef, Binding>
  >();
  /** Most methods are called on one class in one application. */
  private latest: Binding | undefined;
  private readonly answers: KindOfAnswers = { last: undefined };
  /** The parameter with `@CallSignal()`. */
  private readonly signalAt: number | undefined;

  constructor(
    private readonly original: Method,
    private readonly declared: DeclaredMethod,
  ) {
    this.signalAt = callSignalOf(declared.writtenIn, declared.key);
  }

  call(self: unknown, args: unknown[]): unknown {
    const moduleRef = moduleRefOf(self);
    if (moduleRef === undefined) return this.run(self, args);
    const prototype = Object.getPrototypeOf(self) as object;
    const { latest } = this;
    const binding =
      latest?.moduleRef === moduleRef && latest.prototype === prototype
        ? latest
        : this.bind(moduleRef, prototype);
    if (binding === undefined || binding.isInside) return this.run(self, args);
    const { inWords } = binding;
    return inWords === undefined
      ? this.protect(binding, self, args)
      : inWords(() => this.protect(binding, self, args));
  }

  private protect(
    { circuit, plan, kind }: Binding,
    self: unknown,
    args: unknown[],
  ): unknown {
    const { answers, signalAt } = this;
    let body: Body = () => this.run(self, args);
    let signal: AbortSignal | undefined;
    if (signalAt !== undefined) {
      signal = givenSignal(args, signalAt);
      body = context =>
        this.run(self, withSignal(args, signalAt, context.signal));
    }
    return invoke(circuit, plan, body, { self, args, signal, answers }, kind);
  }

  private run(self: unknown, args: unknown[]): unknown {
    return Reflect.apply(this.original, self, args);
  }

  private bind(moduleRef: ModuleRef, prototype: object): Binding | undefined {
    let ofClass = this.bindings.get(prototype);
    if (ofClass === undefined) {
      this.bindings.set(prototype, (ofClass = new WeakMap()));
    }
    let binding = ofClass.get(moduleRef);
    if (binding === undefined) {
      binding = this.createBinding(moduleRef, prototype);
      if (binding === undefined) return undefined;
      ofClass.set(moduleRef, binding);
    }
    return (this.latest = binding);
  }

  private createBinding(
    moduleRef: ModuleRef,
    prototype: object,
  ): Binding | undefined {
    const { declared, original } = this;
    const { key, writtenIn } = declared;
    const registry = findRegistry(
      moduleRef,
      () => protectionOfMethod(prototype, declared).source,
    );
    if (registry === undefined) return undefined;
    const protection = protectionOfMethod(prototype, declared);
    const { circuit, plan } = openProtection(
      registry,
      protection,
      protection.source,
    );
    const returnType: unknown = Reflect.getMetadata(
      'design:returntype',
      writtenIn,
      key as string | symbol,
    );
    return {
      moduleRef,
      prototype,
      circuit,
      plan,
      kind: declaredAnswerKind(original, returnType) ?? plan.returns,
      inWords: inWordsOf(
        moduleRef,
        (prototype as Record<PropertyKey, unknown>)[key],
      ),
      isInside: isInsideItself(prototype, declared),
    };
  }
}

/** Whether the method is overridden by one that its own circuit protects: then it is only reached from inside. */
function isInsideItself(prototype: object, declared: DeclaredMethod): boolean {
  const nearest = findDeclaredMethod(prototype, declared.key);
  return (
    nearest !== undefined &&
    nearest.writtenIn !== declared.writtenIn &&
    protectionOfMethod(prototype, nearest).circuit ===
      protectionOfMethod(prototype, declared).circuit
  );
}

/** How a handler's rejections are told; `undefined` where they are as they are. */
function inWordsOf(moduleRef: ModuleRef, method: unknown): InWords | undefined {
  const transport = transportOf(method);
  if (transport === undefined) return undefined;
  const errors = transportErrorsOf(moduleRef);
  return call => {
    let answer: unknown;
    try {
      answer = call();
    } catch (error) {
      throw errors.translate(error, transport);
    }
    return errors.translateAnswer(answer, transport);
  };
}
