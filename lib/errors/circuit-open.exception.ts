import { HttpStatus, ServiceUnavailableException } from '@nestjs/common';
import {
  graphqlExtensions,
  type GraphqlExtensions,
} from './graphql-extensions.js';
import type { Rejection } from './rejection.js';

/**
 * A circuit refused the call: it is open, forced open, or half-open with all its
 * probes taken. HTTP 503; `Retry-After` is set from {@link retryAfter}.
 */
export class CircuitOpenException
  extends ServiceUnavailableException
  implements Rejection
{
  readonly code = 'CIRCUIT_OPEN';

  /**
   * @param circuit the circuit's name
   * @param retryAfter milliseconds until the next probe may pass, or `null`
   * @param message what a reader of the body or the log is told
   */
  constructor(
    readonly circuit: string,
    readonly retryAfter: number | null,
    message = `Circuit "${circuit}" is open`,
  ) {
    super({
      statusCode: HttpStatus.SERVICE_UNAVAILABLE,
      error: 'Service Unavailable',
      message,
      code: 'CIRCUIT_OPEN',
      circuit,
      retryAfter,
    });
  }

  /** What GraphQL servers put into an error's `extensions`. */
  get extensions(): GraphqlExtensions {
    return graphqlExtensions(this);
  }
}
