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
