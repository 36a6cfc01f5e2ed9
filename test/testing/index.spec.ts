import { describe, expect, it } from '@jest/globals';
import * as testing from '../../lib/testing/index.js';
import * as forJest from '../../lib/testing/jest.js';
import * as forVitest from '../../lib/testing/vitest.js';

describe('nestjs-breaker/testing', () => {
  it('exports what is documented, and nothing else', () => {
    expect(Object.keys(testing).toSorted()).toEqual([
      'CircuitBreakerTesting',
      'CircuitBreakerTestingModule',
      'InjectedFaultError',
      'VirtualClock',
      'circuitMatchers',
      'injectFaults',
    ]);
  });

  it.each([
    ['jest', forJest],
    ['vitest', forVitest],
  ])('has the same matchers for %s, and nothing else', (_runner, entry) => {
    expect(Object.keys(entry)).toEqual(['circuitMatchers']);
    expect(entry.circuitMatchers).toBe(testing.circuitMatchers);
  });
});
