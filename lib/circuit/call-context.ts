/** What a protected function is called with. */
export interface CallContext {
  /** Aborted when nobody waits for this attempt's answer any more. */
  readonly signal: AbortSignal;
  /** 1 for the first. */
  readonly attempt: number;
}

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
