import { STATUS_CODES } from 'node:http';
import { describe, expect, it } from '@jest/globals';
import { HttpException } from '@nestjs/common';
import { BulkheadFullException } from '../../lib/errors/bulkhead-full.exception.js';
import { CallTimeoutException } from '../../lib/errors/call-timeout.exception.js';
import { CircuitOpenException } from '../../lib/errors/circuit-open.exception.js';
import { RateLimitExceededException } from '../../lib/errors/rate-limit-exceeded.exception.js';
import { isRefusal, isRejection } from '../../lib/errors/rejection.js';
import { createClassifier } from '../../lib/state/classification.js';

// Made in the tests, and not while they are declared: mutants are looked for in what tests run.
const ours = [
  {
    make: () => new CircuitOpenException('a', 5),
    code: 'CIRCUIT_OPEN',
    status: 503,
    retryAfter: 5,
  },
  {
    make: () => new BulkheadFullException('a'),
    code: 'BULKHEAD_FULL',
    status: 503,
    retryAfter: null,
  },
  {
    make: () => new RateLimitExceededException('a', 7),
    code: 'RATE_LIMITED',
    status: 429,
    retryAfter: 7,
  },
  {
    make: () => new CallTimeoutException('a', 100),
    code: 'CALL_TIMEOUT',
    status: 504,
    retryAfter: null,
  },
] as const;

describe('rejections of ours', () => {
  it.each(ours)(
    '$code has status $status and the same fields in its body',
    ({ make, code, status, retryAfter }) => {
      const error = make();
      expect(error).toBeInstanceOf(HttpException);
      expect(error.getStatus()).toBe(status);
      expect(error).toMatchObject({ circuit: 'a', code, retryAfter });
      expect(error.getResponse()).toEqual({
        statusCode: status,
        error: STATUS_CODES[status],
        message: error.message,
        code,
        circuit: 'a',
        retryAfter,
      });
    },
  );

  it.each(ours)(
    '$code tells a GraphQL client its code, its circuit and when to come back',
    ({ make, code, retryAfter }) => {
      expect(make().extensions).toEqual({ code, circuit: 'a', retryAfter });
    },
  );

  it('tell in the body when a bulkhead has a place again, where that is known', () => {
    expect(new BulkheadFullException('a', 9).getResponse()).toMatchObject({
      retryAfter: 9,
    });
  });

  it.each(ours)(
    '$code is recognised by its code, also from another copy of the package',
    ({ make, code }) => {
      const copy = Object.assign(new Error('copy'), {
        circuit: 'a',
        code,
        retryAfter: null,
      });
      expect(isRejection(make())).toBe(true);
      expect(isRejection(copy)).toBe(true);
      expect(isRefusal(copy)).toBe(code !== 'CALL_TIMEOUT');
    },
  );

  it('takes no other error for one', () => {
    for (const error of [
      undefined,
      null,
      'CALL_TIMEOUT',
      new Error(),
      Object.assign(new Error(), { code: 'CALL_TIMEOUT' }),
      Object.assign(new Error(), { code: undefined, circuit: 'a' }),
      { code: 'CALL_TIMEOUT', circuit: 'a' },
    ]) {
      expect(isRejection(error)).toBe(false);
      expect(isRefusal(error)).toBe(false);
    }
  });

  it.each(ours)(
    '$code, from elsewhere, is judged: a timeout is a failure, a refusal is ignored',
    ({ make, code }) => {
      const classify = createClassifier({}, () => {});
      expect(classify(make())).toEqual({
        outcome: code === 'CALL_TIMEOUT' ? 'failure' : 'ignored',
        fallback: true,
      });
    },
  );
});
