import { Observable, type Subscription } from 'rxjs';
import type { CallOptions, Circuit } from '../../../lib/index.js';
import type { ServerName } from '../servers.js';

/** How the other side is: it answers, it breaks, or it takes calls and does not answer. */
export type Mode = 'up' | 'down' | 'hang';

/** A column that not every client can have. */
export type Cancelling = 'cancels at a timeout' | 'cancels for its caller';

/** A client that users put behind a circuit, and its other side. */
export interface ClientSession {
  /** One call behind a circuit, as the docs write it. Whoever aborts the signal has left. */
  call(
    circuit: Circuit,
    options?: CallOptions,
    signal?: AbortSignal,
  ): Promise<unknown>;
  turn(mode: Mode): Promise<void>;
  /** Calls that were sent and arrived. */
  arrived(): number;
  /** Calls that the other side works on at the moment. */
  atWork(): number | Promise<number>;
  close(): Promise<void>;
}

/** A row of the table. */
export interface Client {
  readonly name: string;
  readonly needs?: ServerName;
  /** What a call that passes answers. */
  readonly answer: unknown;
  /** What a call that fails answers, where it does not throw: no fallback is asked then. */
  readonly answerWhenDown?: unknown;
  /** Why the other side works on whatever happens here. */
  readonly cannot?: Readonly<Record<Cancelling, string>>;
  /** A call is over as soon as it is sent. */
  readonly isSendOnly?: boolean;
  start(): Promise<ClientSession>;
}

/** The first value, or `undefined` of none; an abort unsubscribes. */
export function valueOf(
  source$: Observable<unknown>,
  signal?: AbortSignal,
): Promise<unknown> {
  return new Promise((resolve, reject) => {
    let subscription: Subscription | undefined = undefined as
      Subscription | undefined;
    signal?.addEventListener('abort', () => {
      subscription?.unsubscribe();
      reject(signal.reason as Error);
    });
    let value: unknown;
    subscription = source$.subscribe({
      next: each => (value = each),
      error: reject,
      complete: () => resolve(value),
    });
  });
}
