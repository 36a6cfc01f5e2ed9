import type { Circuit } from '../circuit/circuit.js';
import type { CircuitEvent, CircuitEventType } from '../state/events.js';

/** Which events `@OnCircuitEvent` calls a method for, beside their types. */
export interface OnCircuitEventOptions {
  /** Only those of this circuit, its keyed ones among them. @default every circuit */
  readonly name?: string | undefined;
}

/** What `@OnCircuitEvent` decorates: a method that takes the event, and the circuit that it is of. */
export type CircuitEventHandler<T extends CircuitEventType> = (
  event: CircuitEvent<T>,
  circuit: Circuit,
) => unknown;

/**
 * Calls a provider's method on events of circuits.
 *
 * The method is called at once, in the middle of the call or the transition that
 * it is told of, so it must be quick: start what takes long, and do not wait for
 * it. What it throws, or its promise rejects with, is logged and harms no call.
 * Several decorators may stand on one method.
 *
 * @param types one kind of events, or several; `transition` is what alerts want
 * @param options which circuit
 * @example
 * @OnCircuitEvent('transition', { name: 'payment-gateway' })
 * tell({ from, to, reason }: CircuitEvent<'transition'>) { … }
 */
export function OnCircuitEvent<T extends CircuitEventType>(
  types: T | readonly T[],
  options: OnCircuitEventOptions = {},
): <M extends CircuitEventHandler<T>>(
  target: object,
  key: string | symbol,
  descriptor: TypedPropertyDescriptor<M>,
) => void {
  const subscription: EventSubscription = {
    types: typeof types === 'string' ? [types] : types,
    name: options.name,
  };
  return (_target, _key, { value }) => {
    const method = value!;
    const others = eventSubscriptionsOf(method);
    Reflect.defineMetadata(SUBSCRIPTIONS, [subscription, ...others], method);
  };
}

/** What one `@OnCircuitEvent` was given. Plain data: another copy of this package may read it. */
export interface EventSubscription {
  readonly types: readonly CircuitEventType[];
  readonly name: string | undefined;
}

/** The events that a method is to be called for. */
export function eventSubscriptionsOf(
  method: Function,
): readonly EventSubscription[] {
  const subscriptions = Reflect.getMetadata(SUBSCRIPTIONS, method) as
    readonly EventSubscription[] | undefined;
  return subscriptions ?? [];
}

const SUBSCRIPTIONS = Symbol.for('nestjs-breaker:event-subscriptions');
