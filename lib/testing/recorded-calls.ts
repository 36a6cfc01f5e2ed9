import type { CircuitEvent, CircuitEventType } from '../state/events.js';

/** What has become of the calls of a circuit, in order. */
export interface RecordedCalls {
  /** Everything that the circuit told. */
  readonly events: readonly CircuitEvent[];
  /** How the calls ended that were made; one that was retried has several. */
  readonly outcomes: readonly ('success' | 'failure' | 'ignored')[];
  /** What the failures failed with. */
  readonly errors: readonly unknown[];
  /** Calls that were refused. */
  readonly rejections: readonly CircuitEvent<'rejected'>[];
  /** Fallbacks that were asked, with the error that they answered for. */
  readonly fallbacks: readonly CircuitEvent<'fallback'>[];
  /** Attempts that were made again. */
  readonly retries: readonly CircuitEvent<'retry'>[];
  /** Attempts and calls that took too long. */
  readonly timeouts: readonly CircuitEvent<'timeout'>[];
  readonly transitions: readonly CircuitEvent<'transition'>[];
}

/** Sorts a circuit's events. */
export function recordedCalls(events: readonly CircuitEvent[]): RecordedCalls {
  const ofType = <T extends CircuitEventType>(type: T) =>
    events.filter(event => event.type === type) as CircuitEvent<T>[];
  return {
    events,
    outcomes: events.flatMap(({ type }) =>
      type === 'success' || type === 'failure' || type === 'ignored'
        ? [type]
        : [],
    ),
    errors: ofType('failure').map(({ error }) => error),
    rejections: ofType('rejected'),
    fallbacks: ofType('fallback'),
    retries: ofType('retry'),
    timeouts: ofType('timeout'),
    transitions: ofType('transition'),
  };
}
