import { Observable, race } from 'rxjs';
import type { Clock } from '../state/clock.js';
import type { AbortScope } from './abort-scope.js';
import { endWithScope } from './end-with-scope.js';

/**
 * Lets work run no longer than a time. One timer for each piece of work: Node
 * already keeps timers of one duration in one list with one timer of the
 * system's, and a list of our own over it would run a call's timeout in another
 * call's asynchronous context.
 */
export class TimeLimit {
  /**
   * @param milliseconds the longest that work may take, strictly more than 0
   * @param error builds what work is ended with
   */
  constructor(
    readonly milliseconds: number,
    private readonly clock: Clock,
    private readonly error: () => Error,
  ) {}

  /**
   * Answers as the work does, or rejects with the error when the time is up, or
   * with the reason of the caller's abort; whichever comes first. What the work
   * does later changes nothing, and if it rejects, that is nobody's unhandled
   * rejection. `scope.state` then tells which it was.
   *
   * @param scope the work's signal, which is aborted in both cases
   * @param start begins the work; not called if the caller has gone already
   * @param ended called once when the work has really ended, however late, or
   *   will not begin
   */
  run<T>(
    scope: AbortScope,
    start: () => T | PromiseLike<T>,
    ended?: () => void,
  ): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      let cancel: (() => void) | undefined;
      scope.whenAborted(reason => {
        cancel?.();
        // The caller's own reason, whatever it is.
        // oxlint-disable-next-line prefer-promise-reject-errors
        reject(reason);
      });
      if (scope.state !== 'running') {
        ended?.();
        return;
      }
      cancel = this.clock.schedule(this.milliseconds, () => this.expire(scope));
      const settle = () => {
        cancel();
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
    const limit = new Observable<never>(() =>
      this.clock.schedule(this.milliseconds, () => this.expire(scope)),
    );
    return race(limit, source).pipe(endWithScope(scope));
  }

  private expire(scope: AbortScope): void {
    if (scope.state === 'running') scope.abort(this.error(), 'timed-out');
  }
}
