import { listenForAbort } from '../policies/listen-for-abort.js';
import type { CallContext } from './call.js';

/** Most functions never look at their signal, so it is made when asked for. */
export class LazyCallContext implements CallContext {
  private own: AbortSignal | undefined;

  constructor(
    readonly attempt: number,
    private readonly caller: AbortSignal | undefined,
  ) {}

  get signal(): AbortSignal {
    // One for each call: a signal that all calls share would collect their listeners.
    return this.caller ?? (this.own ??= new AbortController().signal);
  }
}

/**
 * Of an attempt that runs before it is known what kind of answer it has: whoever
 * can end it comes later, and links its signal then.
 */
export class LateCallContext implements CallContext {
  readonly attempt = 1;
  private controller: AbortController | undefined;
  private ended: { readonly reason: unknown } | undefined;

  get signal(): AbortSignal {
    if (this.controller === undefined) {
      this.controller = new AbortController();
      if (this.ended !== undefined) this.controller.abort(this.ended.reason);
    }
    return this.controller.signal;
  }

  /** Has the attempt end with the signal of whoever watches it now. */
  follow(signal: AbortSignal): void {
    listenForAbort(signal, () => this.abort(signal.reason));
  }

  abort(reason: unknown): void {
    this.ended ??= { reason };
    this.controller?.abort(reason);
  }
}
