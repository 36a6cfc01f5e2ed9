import type { ExecutionContext } from '@nestjs/common';
import { Observable, Subscription, type Subscriber } from 'rxjs';

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
    let isOver = false;
    const end = () => {
      isOver = true;
    };
    const running = new Subscription();
    /** Those who are told what the handler answers: the circuit, and who no longer waits for it. */
    const told: Subscriber<T>[] = [];
    const guarded = new Observable<T>(circuit => {
      told.push(circuit);
      running.add(
        handled.subscribe({
          next: value => told.forEach(each => each.next(value)),
          error: (error: unknown) => {
            end();
            told.forEach(each => each.error(error));
          },
          complete: () => {
            end();
            told.forEach(each => each.complete());
          },
        }),
      );
      return () => {
        if (told.includes(subscriber)) return;
        told.length = 0;
        running.unsubscribe();
      };
    });
    // A fallback that is answering holds no permit, and may be what saves the order.
    const answer = protect(guarded, end).subscribe({
      next: value => subscriber.next(value),
      error: (error: unknown) => subscriber.error(error),
      complete: () => subscriber.complete(),
    });
    subscriber.add(answer);
    const leave = () => {
      if (isOver) return;
      if (told.length === 0) {
        // In a queue: it goes, and nothing runs for it.
        answer.unsubscribe();
        subscriber.next(undefined as T);
        subscriber.complete();
      } else {
        told.push(subscriber);
        subscriber.add(running);
        answer.unsubscribe();
      }
    };
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
