export { CircuitBreakerModule } from './circuit-breaker.module.js';
export type { CircuitBreakerModuleOptionsFactory } from './circuit-breaker.module-definition.js';

export { CallSignal } from './protection/call-signal.decorator.js';
export { CircuitBreaker } from './protection/circuit-breaker.decorator.js';
export type { CircuitBreakerDecorator } from './protection/circuit-breaker.decorator.js';
export type {
  CircuitBreakerOptions,
  FallbackOption,
} from './protection/circuit-breaker-options.js';
export { CircuitBreakerInterceptor } from './protection/circuit-breaker.interceptor.js';
export { OnCircuitEvent } from './protection/on-circuit-event.decorator.js';
export type {
  CircuitEventHandler,
  OnCircuitEventOptions,
} from './protection/on-circuit-event.decorator.js';

export { holdWhileOpen } from './operators/hold-while-open.js';
export type { HoldOptions } from './operators/hold-while-open.js';
export { withCircuitBreaker } from './operators/with-circuit-breaker.js';

export { CircuitBreakerRegistry } from './registry/circuit-breaker.registry.js';
export type { ConfigSource, LiveOptions } from './registry/config-source.js';
export type { FailoverCall, FailoverOptions } from './registry/failover.js';
export type { FeatureCircuit } from './registry/feature-circuits.js';
export { getCircuitToken, InjectCircuit } from './registry/inject-circuit.js';
export type { CircuitBreakerModuleOptions } from './registry/module-options.js';
export type { PresetCircuitOptions, PresetName } from './registry/presets.js';

export { Circuit } from './circuit/circuit.js';
export type { ExecuteOptions } from './circuit/call-plans.js';
export type {
  CircuitDependencies,
  CircuitLogger,
} from './circuit/circuit-dependencies.js';
export type { CallContext } from './circuit/call.js';
export type { AnswerKind, CallOptions } from './circuit/call-options.js';
export type { CacheStore } from './policies/cache-store.js';

export type { Permit } from './state/admission.js';
export type {
  CircuitOptions,
  CircuitRules,
  ErrorClass,
  ErrorMatcher,
  OpenDurationFunction,
  Outcome,
} from './state/circuit-options.js';
export type { CircuitState } from './state/circuit-state.js';
export type { Clock } from './state/clock.js';
export type {
  Coordinator,
  Order,
  ProbeRequest,
  SharedSnapshot,
  SharedState,
} from './state/coordinator.js';
export type { SharedViewStatus } from './registry/registry-coordinator.js';
export type { CircuitEvent, CircuitEventType } from './state/events.js';
export type { Explanation } from './state/explanation.js';
export type { Duration } from './state/option.js';
export type { CircuitSnapshot } from './state/snapshot.js';

export { BulkheadFullException } from './errors/bulkhead-full.exception.js';
export { CallTimeoutException } from './errors/call-timeout.exception.js';
export { CircuitOpenException } from './errors/circuit-open.exception.js';
export {
  FailoverException,
  type FailoverFailure,
} from './errors/failover.exception.js';
export { HeldBufferOverflowError } from './errors/held-buffer-overflow.error.js';
export {
  InvalidOptionsError,
  type OptionProblem,
} from './errors/invalid-options.error.js';
export { RateLimitExceededException } from './errors/rate-limit-exceeded.exception.js';
export { isRefusal, isRejection } from './errors/rejection.js';
export type {
  Refusal,
  RefusalCode,
  Rejection,
  RejectionCode,
} from './errors/rejection.js';
export { UnknownCircuitError } from './errors/unknown-circuit.error.js';
