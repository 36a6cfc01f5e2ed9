import { StreamableFile } from '@nestjs/common';
import { Observable, Subscription } from 'rxjs';

/**
 * Work that nobody can stop, such as a promise behind an Observable: whoever
 * unsubscribes hears no more of it, and it goes on.
 *
 * @param ended called once, when the work itself has ended
 */
export function toItsOwnEnd<T>(
  work: Observable<T>,
  ended: () => void,
): Observable<T> {
  return new Observable<T>(subscriber => {
    const running = new Subscription();
    const listening = work.subscribe({
      next: value => {
        if (!subscriber.closed) return subscriber.next(value);
        // It has answered, which is its end, and nobody will send what it answers.
        discard(value);
        ended();
        running.unsubscribe();
      },
      error: (error: unknown) => {
        ended();
        subscriber.error(error);
      },
      complete: () => {
        ended();
        subscriber.complete();
      },
    });
    // It may have answered before this.
    running.add(listening);
  });
}

/** A file that is open already. */
function discard(value: unknown): void {
  if (value instanceof StreamableFile) value.getStream().destroy();
}
