import type { MonoTypeOperatorFunction } from 'rxjs';
import type { CallOptions } from '../circuit/call-options.js';
import type { Circuit } from '../circuit/circuit.js';

/**
 * Puts a circuit in front of an Observable. Each subscription is one call and
 * nothing is acquired before it: `retry` and `repeat` behind the operator make a
 * new call each time. Many values are one call, settled at completion or, with
 * `settleOn: 'first'`, at the first value.
 *
 * @throws CircuitOpenException (as an error of the Observable) when the circuit
 *   refuses and no fallback answers
 * @example
 * http.get(url).pipe(withCircuitBreaker(circuit, { fallback: () => of([]) }))
 */
export function withCircuitBreaker<T>(
  circuit: Circuit,
  options?: CallOptions,
): MonoTypeOperatorFunction<T> {
  return source => circuit.protect(source, options);
}
