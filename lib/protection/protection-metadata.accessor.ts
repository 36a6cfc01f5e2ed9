import type { CircuitBreakerOptions } from './circuit-breaker-options.js';

/** What a `@CircuitBreaker` was given. Plain data: another copy of this package may read it. */
export interface Declaration {
  readonly name: string | undefined;
  readonly options: CircuitBreakerOptions;
}

/** A decorated method and the prototype that it is written in. */
export interface DeclaredMethod {
  readonly key: PropertyKey;
  readonly declaration: Declaration;
  readonly writtenIn: object;
}

const METHODS = Symbol.for('nestjs-breaker:methods');
const CLASS = Symbol.for('nestjs-breaker:class');

/** Remembers a decorated method, by its prototype: decorators above may put other functions in the method's place. */
export function declareMethod(
  prototype: object,
  key: PropertyKey,
  declaration: Declaration,
): void {
  const methods = ownMethods(prototype) ?? new Map<PropertyKey, Declaration>();
  methods.set(key, declaration);
  Reflect.defineMetadata(METHODS, methods, prototype);
}

/** The declaration of a method that is written in this very prototype. */
export function ownDeclaration(
  prototype: object,
  key: PropertyKey,
): Declaration | undefined {
  return ownMethods(prototype)?.get(key);
}

/** The decorated methods of a class and of those that it extends, also the overridden ones; the class's own first. */
export function declaredMethods(prototype: object): DeclaredMethod[] {
  return prototypeChain(prototype).flatMap(writtenIn =>
    [...(ownMethods(writtenIn) ?? [])].map(([key, declaration]) => ({
      key,
      declaration,
      writtenIn,
    })),
  );
}

/** The decorated method that an instance of a class has under a name, be it inherited. */
export function findDeclaredMethod(
  prototype: object,
  key: PropertyKey,
): DeclaredMethod | undefined {
  for (const writtenIn of prototypeChain(prototype)) {
    const declaration = ownDeclaration(writtenIn, key);
    if (declaration !== undefined) return { key, declaration, writtenIn };
  }
  return undefined;
}

/** Remembers a decorated class, by its prototype: a class decorator above may put another class in its place. */
export function declareClass(
  prototype: object,
  declaration: Declaration,
): void {
  Reflect.defineMetadata(CLASS, declaration, prototype);
}

/** The declaration of a class, or of the nearest one that it extends. */
export function classDeclaration(prototype: object): Declaration | undefined {
  return Reflect.getMetadata(CLASS, prototype) as Declaration | undefined;
}

/** The name of the class of a prototype, or of the nearest named one: wrapping a class may lose its name. */
export function classNameOf(prototype: object): string {
  for (const each of prototypeChain(prototype)) {
    const name: unknown = (each as { constructor?: { name?: unknown } })
      .constructor?.name;
    if (typeof name === 'string' && name !== '') return name;
  }
  return 'anonymous class';
}

/** A prototype and those below it, down to but not including `Object.prototype`. */
export function prototypeChain(prototype: object): object[] {
  const chain: object[] = [];
  for (
    let each: object | null = prototype;
    each !== null && each !== Object.prototype;
    each = Object.getPrototypeOf(each) as object | null
  ) {
    chain.push(each);
  }
  return chain;
}

function ownMethods(
  prototype: object,
): Map<PropertyKey, Declaration> | undefined {
  return Reflect.getOwnMetadata(METHODS, prototype) as
    Map<PropertyKey, Declaration> | undefined;
}
