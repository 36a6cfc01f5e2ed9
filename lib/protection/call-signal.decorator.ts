import { prototypeChain } from './protection-metadata.accessor.js';
import { protectionMessages } from './protection.messages.js';

/**
 * An optional parameter of a method decorated with `@CircuitBreaker()` that
 * receives this attempt's `AbortSignal`: it is aborted at the attempt's timeout,
 * at the call's deadline, and when the caller's own signal is, if the caller gave
 * one in this place. It never enters the key of a cache.
 *
 * Works on handlers, beside the decorators of Nest for parameters, and on plain
 * providers.
 *
 * @throws TypeError on a constructor's or a static method's parameter, and on a
 *   second one of the same method
 * @example
 * @CircuitBreaker('rates', { timeout: '2s' })
 * async rate(currency: string, @CallSignal() signal?: AbortSignal): Promise<number> {
 *   const response = await fetch(`${this.url}/${currency}`, { signal });
 *   …
 * }
 */
export function CallSignal(): ParameterDecorator {
  return (target, key, index) => {
    if (typeof target === 'function' || key === undefined) {
      throw new TypeError(protectionMessages.signalOutsideMethod());
    }
    const signals = ownSignals(target) ?? new Map<PropertyKey, number>();
    if (signals.has(key)) {
      throw new TypeError(
        protectionMessages.secondSignal(
          `${target.constructor.name}.${String(key)}`,
        ),
      );
    }
    signals.set(key, index);
    Reflect.defineMetadata(CALL_SIGNALS, signals, target);
  };
}

/** The place of the parameter that a method takes its signal in, be it inherited; `undefined` if it has none. */
export function callSignalOf(
  prototype: object,
  key: PropertyKey,
): number | undefined {
  const writtenIn = prototypeChain(prototype).find(each =>
    Object.hasOwn(each, key),
  );
  return writtenIn && ownSignals(writtenIn)?.get(key);
}

/** The signal that a caller gave, if it gave one. */
export function givenSignal(
  args: readonly unknown[],
  index: number,
): AbortSignal | undefined {
  const given = args[index];
  return isSignal(given) ? given : undefined;
}

/** The arguments of a call with its signal among them. */
export function withSignal(
  args: readonly unknown[],
  index: number,
  signal: AbortSignal,
): unknown[] {
  const all = [...args];
  all[index] = signal;
  return all;
}

// Of its own: in Nest's metadata of parameters it would change what Nest passes to a handler.
const CALL_SIGNALS = Symbol.for('nestjs-breaker:call-signals');

function ownSignals(prototype: object): Map<PropertyKey, number> | undefined {
  return Reflect.getOwnMetadata(CALL_SIGNALS, prototype) as
    Map<PropertyKey, number> | undefined;
}

/** By shape: a test environment may have a class of its own. */
function isSignal(value: unknown): value is AbortSignal {
  return (
    typeof value === 'object' &&
    value !== null &&
    'aborted' in value &&
    'addEventListener' in value
  );
}
