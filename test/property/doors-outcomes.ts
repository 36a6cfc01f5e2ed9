import { RateLimitExceededException } from '../../lib/errors/rate-limit-exceeded.exception.js';

/** A good value, and whose it is. */
export class TaggedValue {
  constructor(
    readonly call: number,
    readonly plan: number,
    readonly arg: number,
  ) {}
}

/** A value that `isFailureResult` may take for a failure. */
export class BadResult extends TaggedValue {}

/** What a fallback answers. */
export class FallbackValue {
  readonly isFallback = true;
}

/** The dependency is down: a failure. */
export class DownError extends Error {
  override readonly name = 'DownError';
}

/** The dependency has answered: a success to the circuit. */
export class AnswerError extends Error {
  override readonly name = 'AnswerError';
  readonly status = 404;
}

/** Ignored by the circuit's own rules. */
export class IgnoredError extends Error {
  override readonly name = 'IgnoredError';
}

/** A rejection by another circuit's limit: ignored, but a fallback may answer. */
export class RefusalElsewhere extends RateLimitExceededException {
  constructor() {
    super('elsewhere', 1_000);
  }
}

/** A fallback has failed, too. */
export class FallbackError extends Error {
  override readonly name = 'FallbackError';
}
