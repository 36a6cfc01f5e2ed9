import { HttpStatus, ServiceUnavailableException } from '@nestjs/common';

/** Why one backend did not answer. */
export interface FailoverFailure {
  /** The backend's key. */
  readonly key: string;
  /** What its call threw, or the rejection by its circuit if it was not called. */
  readonly error: unknown;
}

/**
 * No backend answered. HTTP 503. The body names only the circuit: what the
 * backends said is for the log, where `cause` shows all of it.
 */
export class FailoverException extends ServiceUnavailableException {
  /**
   * @param circuit the name that the backends' circuits share
   * @param errors one for each backend, in the order in which they were tried
   */
  constructor(
    readonly circuit: string,
    readonly errors: readonly FailoverFailure[],
  ) {
    const message = `No backend of "${circuit}" answered`;
    super(
      {
        statusCode: HttpStatus.SERVICE_UNAVAILABLE,
        error: 'Service Unavailable',
        message,
        circuit,
      },
      {
        cause: new AggregateError(
          errors.map(({ error }) => error),
          errors.map(({ key, error }) => `${key}: ${textOf(error)}`).join('; '),
        ),
      },
    );
  }
}

function textOf(error: unknown): string {
  try {
    return error instanceof Error ? error.message : String(error);
  } catch {
    return 'an error that cannot be shown';
  }
}
