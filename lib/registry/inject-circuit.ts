import { Inject, Scope, type FactoryProvider } from '@nestjs/common';
import { quote } from '../state/quote.js';
import type { CircuitBreakerRegistry } from './circuit-breaker.registry.js';
import { CIRCUIT_BREAKER_REGISTRY } from './registry-token.js';

const INJECTED = Symbol.for('nestjs-breaker:injected');
const NAMES: unique symbol = Symbol.for('nestjs-breaker:injectable-names');

/** What decorators have named in this process, one set for all copies of this package. */
const injectable = ((globalThis as { [NAMES]?: Set<string> })[NAMES] ??=
  new Set());

/**
 * Injects the circuit of a declared name; it does not matter who declares it. A
 * name that nothing declares stops the start.
 *
 * @throws TypeError if the name is no string, as a constant from a circular import
 *
 * @example
 * constructor(@InjectCircuit('payment-gateway') private readonly circuit: Circuit) {}
 */
export function InjectCircuit(
  name: string,
): ParameterDecorator & PropertyDecorator {
  // Typed as one of two kinds; it is both.
  const inject = Inject(getCircuitToken(name)) as (
    target: object,
    key: string | symbol | undefined,
    index?: number,
  ) => void;
  return (
    target: object,
    key: string | symbol | undefined,
    index?: number,
  ): void => {
    const host = typeof target === 'function' ? target : target.constructor;
    const names = Reflect.getOwnMetadata(INJECTED, host) as
      string[] | undefined;
    Reflect.defineMetadata(INJECTED, [...(names ?? []), name], host);
    inject(target, key, index);
  };
}

/**
 * The token of a circuit, for `inject: [...]` of a factory, and for tests that
 * provide a circuit of their own.
 *
 * @throws TypeError if the name is no string
 */
export function getCircuitToken(name: string): symbol {
  if (typeof name !== 'string') {
    throw new TypeError(
      `@InjectCircuit(): got ${quote(name)}, takes a circuit's name. Is it a constant of a file that imports this one?`,
    );
  }
  injectable.add(name);
  return tokenOf(name);
}

/** The names that a class has injected, those of the classes that it extends too. */
export function injectedCircuits(host: Function): string[] {
  const names: string[] = [];
  for (
    let each: unknown = host;
    typeof each === 'function' && each !== Function.prototype;
    each = Object.getPrototypeOf(each)
  ) {
    names.push(
      ...((Reflect.getOwnMetadata(INJECTED, each) as string[] | undefined) ??
        []),
    );
  }
  return names;
}

/**
 * A provider for each name that anybody injects. In applications that do not know
 * a name its provider is never asked: transient ones are only made for a host.
 */
export function circuitProviders(): FactoryProvider[] {
  return [...injectable].map(name => ({
    provide: tokenOf(name),
    scope: Scope.TRANSIENT,
    inject: [CIRCUIT_BREAKER_REGISTRY],
    useFactory: (registry: CircuitBreakerRegistry) => registry.get(name),
  }));
}

function tokenOf(name: string): symbol {
  return Symbol.for(`nestjs-breaker:circuit:${name}`);
}
