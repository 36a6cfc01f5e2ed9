import { Logger } from '@nestjs/common';
import { Observable, takeUntil, type MonoTypeOperatorFunction } from 'rxjs';
import { z } from 'zod';
import type { Circuit } from '../circuit/circuit.js';
import { isFunction, option } from '../state/option.js';
import { parseOptions } from '../state/parse-options.js';
import { HeldValues } from './held-values.js';

/** What `holdWhileOpen` does with the values that it holds back. */
export interface HoldOptions<T> {
  readonly buffer: {
    /** How many values may wait. With a broker, its prefetch. */
    readonly size: number;
    /**
     * At one value more: the stream ends with a `HeldBufferOverflowError` that
     * has the values, or the oldest one is let go.
     *
     * @default 'error'
     */
    readonly onOverflow?: 'error' | 'drop-oldest' | undefined;
    /** Is given each value that `'drop-oldest'` lets go. @default the log says how many */
    readonly onDrop?: ((value: T) => void) | undefined;
  };
}

/**
 * Pauses a stream while a circuit is open: its values wait in a buffer. When the
 * wait of the circuit is over, they go on one at a time, each after the outcome of
 * the one before, and once the circuit is closed all of them. Order is kept;
 * completion and errors of the source wait for the values before them.
 *
 * It asks no permit of the circuit. Let what comes behind it call the circuit:
 * that is how it learns of the outcomes. Where nothing does, the next value
 * follows after a second.
 *
 * @throws InvalidOptionsError on bad options
 * @throws HeldBufferOverflowError (as an error of the Observable) when the buffer
 *   overflows, unless the oldest value is to be dropped
 * @example
 * messages$.pipe(
 *   holdWhileOpen(circuit, { buffer: { size: 50, onOverflow: 'error' } }),
 *   mergeMap(message => handle(message).pipe(withCircuitBreaker(circuit))),
 * )
 */
export function holdWhileOpen<T>(
  circuit: Circuit,
  options: HoldOptions<T>,
): MonoTypeOperatorFunction<T> {
  const { buffer } = parseOptions(holdOptionsSchema, options, 'holdWhileOpen');
  const onDrop = buffer.onDrop as ((value: T) => void) | undefined;
  return source =>
    new Observable<T>(subscriber => {
      const held = new HeldValues<T>(circuit, subscriber, {
        ...buffer,
        onDrop,
        warn: message => logger.warn(message),
      });
      const left = new Observable<void>(told => {
        subscriber.add(() => told.next());
      });
      subscriber.add(() => held.release());
      // A source that emits in its subscription is stopped as well.
      source.pipe(takeUntil(left)).subscribe({
        next: value => held.push(value),
        error: (error: unknown) => held.end(() => subscriber.error(error)),
        complete: () => {
          if (!subscriber.closed) held.end(() => subscriber.complete());
        },
      });
    });
}

const logger = new Logger('CircuitBreaker');

const holdOptionsSchema = z.strictObject({
  buffer: z.strictObject({
    size: option(
      z.int().min(1),
      'a whole number from 1',
      'how many values may wait',
    ),
    onOverflow: option(
      z.enum(['error', 'drop-oldest']).default('error'),
      `'error' or 'drop-oldest'`,
      'what happens at one value more',
    ),
    onDrop: option(
      z.custom<(value: never) => void>(isFunction).optional(),
      'a function of the value',
      'is given each value that is let go',
    ),
  }),
});
