import { Observable } from 'rxjs';
import type { Clock } from '../state/clock.js';
import { listenForAbort } from './listen-for-abort.js';

/** Registers what ends a sleep early, and answers what unregisters it. */
export type Waker = (wake: () => void) => () => void;

/**
 * Waits on a clock.
 *
 * @param caller whose abort ends the sleep with its reason, as an error
 * @param waker registers what ends it early, without an error
 */
export function sleep(
  clock: Clock,
  milliseconds: number,
  caller: AbortSignal | undefined,
  waker: Waker,
): Promise<void> {
  return new Promise((resolve, reject) => {
    sleep$(clock, milliseconds, caller, waker).subscribe({
      error: reject,
      complete: resolve,
    });
  });
}

/** As {@link sleep}, for each subscription: completes when the time is up. */
export function sleep$(
  clock: Clock,
  milliseconds: number,
  caller: AbortSignal | undefined,
  waker: Waker,
): Observable<never> {
  return new Observable(subscriber => {
    const abort = () => subscriber.error(caller?.reason);
    if (caller?.aborted === true) return abort();
    const complete = () => subscriber.complete();
    const cancel = clock.schedule(milliseconds, complete);
    const unregister = waker(complete);
    if (caller !== undefined) listenForAbort(caller, abort);
    return () => {
      cancel();
      unregister();
      caller?.removeEventListener('abort', abort);
    };
  });
}
