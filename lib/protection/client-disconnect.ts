import type { ExecutionContext } from '@nestjs/common';
import { Observable, share } from 'rxjs';

/** The part of a response that tells of its end. */
interface Closable {
  once(event: 'close', listener: () => void): unknown;
  off(event: 'close', listener: () => void): unknown;
}

/**
 * A handler's answer behind a circuit that gives the permit back as soon as the
 * client has gone. Nest itself stops listening only to handlers that answer with
 * an Observable; one that answers with a promise runs on, and what it answers
 * goes on to whoever listens, but nobody waits for the dependency any more.
 *
 * @param handled runs the handler, once for each subscription
 * @param protect puts it behind the circuit; calls its second argument when a
 *   fallback begins to answer. Subscribes to the handler once at most
 */
export function untilClientLeaves<T>(
  context: ExecutionContext,
  handled: Observable<T>,
  protect: (handled: Observable<T>, fallsBack: () => void) => Observable<T>,
): Observable<T> {
  const response = responseOf(context);
  if (response === undefined) return protect(handled, () => {});
  return new Observable<T>(subscriber => {
    let isRunning = false;
    let isOver = false;
    const end = () => {
      isOver = true;
    };
    // Those who listen come and go: the circuit, calls that share this one's answer,
    // and whoever no longer waits for the circuit.
    const shared = new Observable<T>(all => {
      isRunning = true;
      all.add(() => {
        isRunning = false;
      });
      return handled.subscribe({
        next: value => all.next(value),
        error: (error: unknown) => {
          end();
          all.error(error);
        },
        complete: () => {
          end();
          all.complete();
        },
      });
    }).pipe(share());
    const listener = {
      next: (value: T) => subscriber.next(value),
      error: (error: unknown) => subscriber.error(error),
      complete: () => subscriber.complete(),
    };
    // A fallback that is answering holds no permit, and may be what saves the order.
    const guarded = protect(shared, end).subscribe(listener);
    const leave = () => {
      if (isOver) return;
      if (isRunning) {
        subscriber.add(shared.subscribe(listener));
        guarded.unsubscribe();
      } else {
        // In a queue: it goes, and nothing runs for it.
        guarded.unsubscribe();
        subscriber.next(undefined as T);
        subscriber.complete();
      }
    };
    subscriber.add(guarded);
    response.once('close', leave);
    subscriber.add(() => response.off('close', leave));
  });
}

function responseOf(context: ExecutionContext): Closable | undefined {
  if (context.getType() !== 'http') return undefined;
  const response = context.switchToHttp().getResponse<{ raw?: unknown }>();
  // Fastify wraps the response of Node.
  const raw: unknown = response?.raw ?? response;
  return isClosable(raw) ? raw : undefined;
}

function isClosable(value: unknown): value is Closable {
  return (
    typeof value === 'object' &&
    value !== null &&
    'once' in value &&
    'off' in value
  );
}
