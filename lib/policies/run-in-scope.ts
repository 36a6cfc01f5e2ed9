import type { AbortScope } from './abort-scope.js';

/**
 * Answers as the work does, or rejects with the reason of its scope's abort,
 * whichever comes first. What the work does later changes nothing, and if it
 * rejects, that is nobody's unhandled rejection.
 *
 * @param scope without one, nothing aborts the work
 * @param start begins the work; not called if the scope is aborted already
 * @param ended called once when the work has really ended, however late, or will
 *   not begin
 */
export function runInScope<T>(
  scope: AbortScope | undefined,
  start: () => T | PromiseLike<T>,
  ended: () => void,
): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    scope?.whenAborted(reject);
    if (scope !== undefined && scope.state !== 'running') {
      ended();
      return;
    }
    const settle = () => {
      scope?.settle();
      ended();
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
