import { Logger } from '@nestjs/common';
import type { CircuitEvent } from '../state/events.js';
import type { CircuitBreakerRegistry } from './circuit-breaker.registry.js';

/** Logs each transition of each circuit in the words of `explain()`; an opening is a warning. */
export function logTransitions(
  registry: CircuitBreakerRegistry,
  logger: Pick<Logger, 'log' | 'warn'> = new Logger('CircuitBreaker'),
): () => void {
  return registry.on(['transition'], (event, circuit) => {
    const { to, reason } = event as CircuitEvent<'transition'>;
    // The sentence of a closed circuit says how it is now, not how it came to be.
    const why = to === 'closed' ? ` Reason: ${reason}.` : '';
    const message = `Circuit ${circuit.explain().sentence}${why}`;
    if (to === 'open' || to === 'forced-open') logger.warn(message);
    else logger.log(message);
  });
}
