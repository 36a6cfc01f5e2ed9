export { CircuitBreakerTesting } from './circuit-breaker-testing.js';
export { CircuitBreakerTestingModule } from './circuit-breaker-testing.module.js';
export { circuitMatchers } from './circuit-matchers.js';
export type {
  CircuitMatcher,
  CircuitMatchers,
  MatcherAnswer,
} from './circuit-matchers.js';
export type { FaultCounts } from './fault-injector.js';
export type { FaultOptions } from './fault-options.js';
export { injectFaults } from './inject-faults.js';
export type { InjectedFaults } from './inject-faults.js';
export { InjectedFaultError } from './injected-fault.error.js';
export type { RecordedCalls } from './recorded-calls.js';
export { VirtualClock } from './virtual-clock.js';
