import { HttpStatus, ServiceUnavailableException } from '@nestjs/common';
import {
  graphqlExtensions,
  type GraphqlExtensions,
} from './graphql-extensions.js';
import type { Rejection } from './rejection.js';

/**
 * A bulkhead refused the call: every place was taken, and so was every place in
 * its queue, or `maxWait` passed. HTTP 503.
 */
export class BulkheadFullException
  extends ServiceUnavailableException
  implements Rejection
{
  readonly code = 'BULKHEAD_FULL';

  /**
   * @param circuit the name of the bulkhead's circuit
   * @param retryAfter milliseconds until a new call makes sense, or `null`
   * @param message what a reader of the body or the log is told
   */
  constructor(
    readonly circuit: string,
    readonly retryAfter: number | null = null,
    message = `The bulkhead of "${circuit}" is full`,
  ) {
    super({
      statusCode: HttpStatus.SERVICE_UNAVAILABLE,
      error: 'Service Unavailable',
      message,
      code: 'BULKHEAD_FULL',
      circuit,
      retryAfter,
    });
  }

  /** What GraphQL servers put into an error's `extensions`. */
  get extensions(): GraphqlExtensions {
    return graphqlExtensions(this);
  }
}
