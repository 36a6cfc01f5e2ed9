import { compileCallOptions, type CallPlan } from '../circuit/call-options.js';
import type { Circuit } from '../circuit/circuit.js';
import type { CircuitBreakerRegistry } from '../registry/circuit-breaker.registry.js';
import { optionsOf, type Protection } from './protection.js';

/** What a protection comes to in one application. */
export interface OpenProtection {
  readonly circuit: Circuit;
  readonly plan: CallPlan;
}

/**
 * The circuit of a protection, and the plan of its calls.
 *
 * @param method tells cached answers apart where the calls are a method's
 * @throws InvalidOptionsError if the options are wrong, or disagree with another decorator's
 */
export function openProtection(
  registry: CircuitBreakerRegistry,
  protection: Protection,
  method?: string,
): OpenProtection {
  const { source } = protection;
  const options = optionsOf(protection);
  const plan = compileCallOptions(options.call, source, { method });
  const circuit = registry.declare(protection.circuit, options.circuit, source);
  circuit.warnOfTimeout(plan);
  return { circuit, plan };
}
