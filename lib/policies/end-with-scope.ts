import {
  Observable,
  pipe,
  takeUntil,
  tap,
  type MonoTypeOperatorFunction,
} from 'rxjs';
import type { AbortScope } from './abort-scope.js';

/**
 * Ties a subscription to its scope: an abort of the scope is an error of the
 * Observable, its end settles the scope, and unsubscribing aborts the work.
 */
export function endWithScope<T>(
  scope: AbortScope,
): MonoTypeOperatorFunction<T> {
  const aborted = new Observable<never>(subscriber =>
    scope.whenAborted(reason => subscriber.error(reason)),
  );
  return pipe(
    takeUntil(aborted),
    tap<T>({
      complete: () => scope.settle(),
      error: () => scope.settle(),
      unsubscribe: () => scope.abandon(),
    }),
  );
}
