import { describe, expect, it } from '@jest/globals';
import {
  Catch,
  NotFoundException,
  type ArgumentsHost,
  type ExceptionFilter,
} from '@nestjs/common';
import { FILTER_CATCH_EXCEPTIONS } from '@nestjs/common/constants.js';
import { HttpAdapterHost } from '@nestjs/core';
import { CircuitOpenException } from '../../lib/errors/circuit-open.exception.js';
import { RetryAfterFilter } from '../../lib/protection/retry-after.filter.js';

const rejection = new CircuitOpenException('dependency', 1_000);

/** Outside HTTP nothing is set, and nothing answers where no filter does. */
const host = { getType: () => 'rpc' } as ArgumentsHost;

/** What the filter answers with, given those that stand beside it. */
function answerOf(...others: ExceptionFilter[]): unknown {
  return new RetryAfterFilter(() => others, new HttpAdapterHost()).catch(
    rejection,
    host,
  );
}

class Answering implements ExceptionFilter {
  catch() {
    return 'answered';
  }
}

describe('the filter for Retry-After hands over to', () => {
  it('one that catches our errors among others', () => {
    @Catch(NotFoundException, CircuitOpenException)
    class Several extends Answering {}

    expect(answerOf(new Several())).toBe('answered');
  });

  it('none that catches others alone', () => {
    @Catch(NotFoundException, RangeError)
    class Others extends Answering {}

    expect(answerOf(new Others())).toBeUndefined();
  });

  it('one without a decorator, which catches everything', () => {
    expect(answerOf(new Answering())).toBe('answered');
  });

  it('no other one of its own kind', () => {
    const another = new RetryAfterFilter(
      () => [new Answering()],
      new HttpAdapterHost(),
    );

    expect(answerOf(another)).toBeUndefined();
  });

  it('the first that fits', () => {
    class Second extends Answering {
      override catch() {
        return 'by the second';
      }
    }

    expect(answerOf(new Answering(), new Second())).toBe('answered');
  });

  it('what an older @Catch() has written on the class alone', () => {
    class OfOthers extends Answering {}
    Reflect.defineMetadata(
      FILTER_CATCH_EXCEPTIONS,
      [NotFoundException],
      OfOthers,
    );

    expect(answerOf(new OfOthers())).toBeUndefined();
  });

  it('what @Catch() says of a class whose prototype names another', () => {
    @Catch(NotFoundException)
    class Mixed extends Answering {}
    Object.defineProperty(Mixed.prototype, 'constructor', { value: Answering });

    expect(answerOf(new Mixed())).toBeUndefined();
  });
});
