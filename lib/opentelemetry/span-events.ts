import { trace, type Attributes } from '@opentelemetry/api';
import type { CircuitBreakerRegistry } from '../registry/circuit-breaker.registry.js';
import type { CircuitEvent } from '../state/events.js';

/** What is told to spans. */
const TOLD = ['transition', 'rejected', 'fallback'] as const;

type ToldEvent = CircuitEvent<(typeof TOLD)[number]>;

/**
 * Adds an event to the active span for each transition, rejection and fallback:
 * they are told at once, in the context of the call that they happen to.
 *
 * @returns what ends it
 */
export function addSpanEvents(registry: CircuitBreakerRegistry): () => void {
  return registry.on(TOLD, event => {
    const span = trace.getActiveSpan();
    if (span === undefined || !span.isRecording()) return;
    const told = event as ToldEvent;
    span.addEvent(`circuit_breaker.${told.type}`, attributesOf(told));
  });
}

function attributesOf(event: ToldEvent): Attributes {
  const { name, key } = event;
  return defined({
    'circuit_breaker.name': name,
    'circuit_breaker.key': key,
    ...detailsOf(event),
  });
}

function detailsOf(event: ToldEvent): Record<string, string | number | null> {
  switch (event.type) {
    case 'transition':
      return {
        'circuit_breaker.from': event.from,
        'circuit_breaker.to': event.to,
        'circuit_breaker.reason': event.reason,
        'circuit_breaker.attempt': event.attempt,
        'circuit_breaker.retry_after_ms': event.retryAfter,
      };
    case 'rejected':
      return {
        'circuit_breaker.code': event.code,
        'circuit_breaker.state': event.state,
        'circuit_breaker.retry_after_ms': event.retryAfter,
      };
    case 'fallback':
      return { 'error.type': typeOf(event.error) };
  }
}

function defined(given: Record<string, string | number | null>): Attributes {
  return Object.fromEntries(
    Object.entries(given).filter(([, value]) => value !== null),
  ) as Attributes;
}

/** The class of an error, as `error.type` wants it: few different values, never the message. */
function typeOf(error: unknown): string {
  return error instanceof Error ? error.name : typeof error;
}
