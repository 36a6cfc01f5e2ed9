import { GatewayTimeoutException, HttpStatus } from '@nestjs/common';
import {
  graphqlExtensions,
  type GraphqlExtensions,
} from './graphql-extensions.js';
import type { Rejection } from './rejection.js';

/**
 * A call did not end in time: one attempt within its `timeout`, or the whole call
 * within its `deadline`. HTTP 504. To circuits it is a failure, unlike the
 * refusals: the dependency was asked and did not answer.
 */
export class CallTimeoutException
  extends GatewayTimeoutException
  implements Rejection
{
  readonly code = 'CALL_TIMEOUT';
  /** Nobody knows when a slow dependency is worth another call. */
  readonly retryAfter = null;

  /**
   * @param circuit the circuit's name
   * @param timeout milliseconds that the call had
   * @param message what a reader of the body or the log is told
   */
  constructor(
    readonly circuit: string,
    readonly timeout: number,
    message = `A call of "${circuit}" did not end within ${timeout} ms`,
  ) {
    super({
      statusCode: HttpStatus.GATEWAY_TIMEOUT,
      error: 'Gateway Timeout',
      message,
      code: 'CALL_TIMEOUT',
      circuit,
      retryAfter: null,
    });
  }

  /** What GraphQL servers put into an error's `extensions`. */
  get extensions(): GraphqlExtensions {
    return graphqlExtensions(this);
  }
}
