import { defer, type Observable } from 'rxjs';
import { z } from 'zod';
import { CallTimeoutException } from '../errors/call-timeout.exception.js';
import { option } from '../state/option.js';
import { AbortScope } from './abort-scope.js';
import { buildError, type PolicyHost } from './policy-host.js';
import { TimeLimit } from './time-limit.js';
import { TIMER_DURATION, timerDuration } from './timer-duration.js';

/** The option `deadline`; milliseconds, or false, once parsed. */
export const deadlineSchema = option(
  z.union([timerDuration(), z.literal(false)]).default(false),
  `${TIMER_DURATION}, or false`,
  'how long the whole call may take, with its retries and waits; an Observable: until its first value',
);

/** A deadline for a whole call, with its attempts and every wait between them. */
export class Deadline {
  private readonly limit: TimeLimit;

  /** @param milliseconds how long a call may take */
  constructor(
    readonly milliseconds: number,
    private readonly host: PolicyHost,
  ) {
    this.limit = new TimeLimit(milliseconds, host.clock, () =>
      buildError(
        host,
        () =>
          new CallTimeoutException(
            host.name,
            milliseconds,
            `A call of "${host.name}" did not end by its deadline of ${milliseconds} ms`,
          ),
      ),
    );
  }

  /**
   * Answers as the call does, or rejects with a `CallTimeoutException` at the
   * deadline, or with the reason of the caller's abort.
   *
   * @param caller the caller's signal
   * @param start begins the call; everything in it takes the scope's signal for
   *   the caller's, and may look at its `expiresAt` (on the host's clock)
   */
  run<T>(
    caller: AbortSignal | undefined,
    start: (call: AbortScope) => T | PromiseLike<T>,
  ): Promise<T> {
    const call = this.begin(caller);
    return this.limit.run(call, () => start(call));
  }

  /** As {@link run}, for each subscription: until its first value. */
  observe<T>(
    caller: AbortSignal | undefined,
    start: (call: AbortScope) => Observable<T>,
  ): Observable<T> {
    return defer(() => {
      const call = this.begin(caller);
      return this.limit.observe(
        call,
        defer(() => start(call)),
      );
    });
  }

  private begin(caller: AbortSignal | undefined): AbortScope {
    const call = new AbortScope(caller);
    call.expiresAt = this.host.clock.now() + this.milliseconds;
    return call;
  }
}
