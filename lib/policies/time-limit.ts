import { Observable, race } from 'rxjs';
import type { Clock } from '../state/clock.js';
import type { AbortScope } from './abort-scope.js';
import { endWithScope } from './end-with-scope.js';
import { ExpiryQueue } from './expiry-queue.js';

/** What somebody may know or want to know of one piece of work. */
export interface RunDetails {
  /** Called once when the work has really ended, however late, or will not begin. */
  readonly ended?: (() => void) | undefined;
  /** The clock's reading, for those who have it at hand. */
  readonly now?: number | undefined;
}

/** Lets work run no longer than a time. */
export class TimeLimit {
  private readonly queue: ExpiryQueue;

  /**
   * @param milliseconds the longest that work may take, strictly more than 0
   * @param error builds what work is ended with
   */
  constructor(
    readonly milliseconds: number,
    private readonly clock: Clock,
    private readonly error: () => Error,
  ) {
    this.queue = new ExpiryQueue(milliseconds, clock, this.expire);
  }

  /**
   * Answers as the work does, or rejects with the error when the time is up, or
   * with the reason of the caller's abort; whichever comes first. What the work
   * does later changes nothing, and if it rejects, that is nobody's unhandled
   * rejection. `scope.state` then tells which it was.
   *
   * @param scope the work's signal, which is aborted in both cases
   * @param start begins the work; not called if the caller has gone already
   */
  run<T>(
    scope: AbortScope,
    start: () => T | PromiseLike<T>,
    { ended, now }: RunDetails = NO_DETAILS,
  ): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      scope.whenAborted(reason => {
        this.queue.leave(scope);
        // The caller's own reason, whatever it is.
        // oxlint-disable-next-line prefer-promise-reject-errors
        reject(reason);
      });
      if (scope.state !== 'running') {
        ended?.();
        return;
      }
      this.queue.enter(scope, now);
      const settle = () => {
        this.queue.leave(scope);
        scope.settle();
        ended?.();
      };
      let answer: T | PromiseLike<T>;
      try {
        answer = start();
      } catch (error) {
        settle();
        reject(error);
        return;
      }
      Promise.resolve(answer).then(
        value => {
          settle();
          resolve(value);
        },
        (error: unknown) => {
          settle();
          reject(error);
        },
      );
    });
  }

  /**
   * The same Observable, ended with the error unless it has sent its first value
   * or completed in time (a stream may last: what counts is when it answers), and
   * with the reason of the caller's abort at any time.
   *
   * @param scope the signal of this one subscription
   */
  observe<T>(scope: AbortScope, source: Observable<T>): Observable<T> {
    // A timer of its own: what an Observable does next happens where the timer
    // rings, and in the queue that would be another call's asynchronous context.
    const limit = new Observable<never>(() =>
      this.clock.schedule(this.milliseconds, () => this.expire(scope)),
    );
    return race(limit, source).pipe(endWithScope(scope));
  }

  private readonly expire = (scope: AbortScope): void => {
    if (scope.state === 'running') scope.abort(this.error(), 'timed-out');
  };
}

const NO_DETAILS: RunDetails = {};
