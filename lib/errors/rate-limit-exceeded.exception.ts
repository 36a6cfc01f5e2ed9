import { HttpException, HttpStatus } from '@nestjs/common';
import {
  graphqlExtensions,
  type GraphqlExtensions,
} from './graphql-extensions.js';
import type { Rejection } from './rejection.js';

/**
 * A rate limit refused the call. HTTP 429; `Retry-After` is set from
 * {@link retryAfter}.
 */
export class RateLimitExceededException
  extends HttpException
  implements Rejection
{
  readonly code = 'RATE_LIMITED';

  /**
   * @param circuit the name of the rate limit's circuit
   * @param retryAfter milliseconds until the limit lets one more call pass
   * @param message what a reader of the body or the log is told
   */
  constructor(
    readonly circuit: string,
    readonly retryAfter: number,
    message = `The rate limit of "${circuit}" is exceeded`,
  ) {
    super(
      {
        statusCode: HttpStatus.TOO_MANY_REQUESTS,
        error: 'Too Many Requests',
        message,
        code: 'RATE_LIMITED',
        circuit,
        retryAfter,
      },
      HttpStatus.TOO_MANY_REQUESTS,
    );
  }

  /** What GraphQL servers put into an error's `extensions`. */
  get extensions(): GraphqlExtensions {
    return graphqlExtensions(this);
  }
}
