import { describe, expect, it } from '@jest/globals';
import * as publicNames from '../lib/index.js';

describe('nestjs-breaker', () => {
  it('exports what is documented, and nothing else', () => {
    expect(Object.keys(publicNames).toSorted()).toEqual([
      'BulkheadFullException',
      'CallTimeoutException',
      'Circuit',
      'CircuitBreaker',
      'CircuitBreakerInterceptor',
      'CircuitBreakerModule',
      'CircuitBreakerRegistry',
      'CircuitOpenException',
      'FailoverException',
      'InjectCircuit',
      'InvalidOptionsError',
      'RateLimitExceededException',
      'UnknownCircuitError',
      'getCircuitToken',
      'isRefusal',
      'isRejection',
      'withCircuitBreaker',
    ]);
  });
});
