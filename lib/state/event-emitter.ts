import type { Clock } from './clock.js';
import {
  CIRCUIT_EVENT_TYPES,
  type CircuitEvent,
  type CircuitEventBase,
  type CircuitEventDetails,
  type CircuitEventListener,
  type CircuitEventType,
} from './events.js';

/** A set of event kinds as bits. */
type EventMask = number;

/** Each kind's bit. */
const EVENT_BIT = Object.fromEntries(
  CIRCUIT_EVENT_TYPES.map((type, index) => [type, 1 << index]),
) as Readonly<Record<CircuitEventType, EventMask>>;

interface Registration {
  readonly mask: EventMask;
  readonly listener: CircuitEventListener;
  active: boolean;
}

const NOBODY: readonly Registration[] = [];

/**
 * Tells events in the order in which they happened, also when a listener calls
 * the circuit and so causes more of them, and survives listeners that throw.
 */
export class EventEmitter {
  /** The kinds that somebody listens to: an event without a listener is never built. */
  interest: EventMask = 0;
  private registrations: readonly Registration[] = NOBODY;
  private queue: CircuitEvent[] | undefined;
  /** Who wants events to be kept for the moment; the loop that tells them is one. */
  private holders = 0;

  constructor(
    private readonly circuit: Pick<CircuitEventBase, 'name' | 'key'>,
    private readonly clock: Pick<Clock, 'wallTime'>,
    private readonly report: (what: string, error: unknown) => void,
  ) {}

  /** Whether anybody listens to a kind. */
  hears(type: CircuitEventType): boolean {
    return (this.interest & EVENT_BIT[type]) !== 0;
  }

  /**
   * Registers a listener.
   *
   * @returns what unregisters it; it may be called at any time, also by the listener
   */
  on(
    types: readonly CircuitEventType[],
    listener: CircuitEventListener,
  ): () => void {
    let mask = 0;
    for (const type of types) mask |= EVENT_BIT[type];
    const registration = { mask, listener, active: true };
    this.replace([...this.registrations, registration]);
    return () => {
      registration.active = false;
      this.forgetInactive();
    };
  }

  /** Unregisters every listener. */
  clear(): void {
    for (const registration of this.registrations) registration.active = false;
    this.forgetInactive();
  }

  /** Builds an event if anybody listens to its kind, and keeps it until {@link flush}: the state changes first. */
  tell<T extends CircuitEventType>(
    type: T,
    details: CircuitEventDetails[T],
    generation: number,
    duration: number | null = null,
  ): void {
    if (!this.hears(type)) return;
    const { name, key } = this.circuit;
    const at = this.clock.wallTime();
    const base = { type, name, key, generation, at, duration };
    this.queue ??= [];
    this.queue.push({ ...base, ...details } as CircuitEvent);
  }

  /**
   * Keeps what happens from now on: a change that others belong to is told when
   * all of them are made.
   *
   * @returns tells it
   */
  hold(): () => void {
    this.holders++;
    return () => {
      this.holders--;
      this.flush();
    };
  }

  /** Tells what was added. Events that listeners cause are told after it, by the same loop. */
  flush(): void {
    const { queue } = this;
    if (queue === undefined || this.holders > 0) return;
    this.holders++;
    for (let event = queue.shift(); event; event = queue.shift()) {
      this.deliver(event);
    }
    this.holders--;
    this.queue = undefined;
  }

  private deliver(event: CircuitEvent): void {
    const bit = EVENT_BIT[event.type];
    for (const registration of this.registrations) {
      if (!registration.active || (registration.mask & bit) === 0) continue;
      try {
        registration.listener(event);
      } catch (error) {
        this.report('a listener', error);
      }
    }
  }

  private forgetInactive(): void {
    this.replace(this.registrations.filter(({ active }) => active));
  }

  private replace(registrations: readonly Registration[]): void {
    this.registrations = registrations;
    this.interest = registrations.reduce((all, { mask }) => all | mask, 0);
  }
}
