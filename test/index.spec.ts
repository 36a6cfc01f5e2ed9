import { describe, expect, it } from '@jest/globals';
import * as publicNames from '../lib/index.js';

describe('nestjs-breaker', () => {
  it('exports what is documented, and nothing else', () => {
    expect(Object.keys(publicNames).toSorted()).toEqual([
      'BulkheadFullException',
      'CallSignal',
      'CallTimeoutException',
      'Circuit',
      'CircuitBreaker',
      'CircuitBreakerInterceptor',
      'CircuitBreakerModule',
      'CircuitBreakerRegistry',
      'CircuitOpenException',
      'FailoverException',
      'HeldBufferOverflowError',
      'InjectCircuit',
      'InvalidOptionsError',
      'OnCircuitEvent',
      'RateLimitExceededException',
      'UnknownCircuitError',
      'getCircuitToken',
      'holdWhileOpen',
      'isRefusal',
      'isRejection',
      'withCircuitBreaker',
    ]);
  });
});
