import { AsyncResource } from 'node:async_hooks';
import { listenForAbort } from './listen-for-abort.js';

/** How a piece of work stands: it can be aborted only while it runs. */
export type AbortScopeState = 'running' | 'timed-out' | 'aborted' | 'settled';

/**
 * The signal of one piece of work, linked to its caller's. The signal is made
 * when somebody asks for it, and aborted only while the work runs: most functions
 * never look at theirs, and `abort()` at each return would cost ten times the
 * whole circuit.
 */
export class AbortScope {
  /** On the clock of whoever set it: when the time for the work is up. */
  expiresAt = Infinity;
  /** @internal whether it stands in an `ExpiryQueue`, and between whom. */
  isQueued = false;
  /** @internal */
  previous: AbortScope | undefined = undefined;
  /** @internal */
  next: AbortScope | undefined = undefined;
  private standing: AbortScopeState = 'running';
  private reason: unknown;
  private controller: ScopedController | undefined;
  private isListening = false;
  private aborted: ((reason: unknown) => void) | undefined;

  /** @param caller whose abort is an abort of this work, too, with the same reason */
  constructor(private readonly caller: AbortSignal | undefined) {}

  get state(): AbortScopeState {
    return this.standing;
  }

  /** Aborted when nobody waits for the work any more; never after it has settled. */
  get signal(): AbortSignal {
    if (this.controller === undefined) {
      this.controller = new ScopedController();
      this.listen();
      if (this.isAborted) this.controller.abort(this.reason);
    }
    return this.controller.signal;
  }

  /**
   * Has a function called at the abort, whoever aborts. At most one; called at
   * once if the caller has gone already.
   */
  whenAborted(aborted: (reason: unknown) => void): void {
    this.aborted = aborted;
    this.listen();
    if (this.isAborted) aborted(this.reason);
  }

  /**
   * Ends the work before it has settled; afterwards it does nothing.
   *
   * @param reason what the signal carries
   */
  abort(
    reason: unknown,
    state: Extract<AbortScopeState, 'timed-out' | 'aborted'> = 'aborted',
  ): void {
    if (this.standing !== 'running') return;
    this.standing = state;
    this.reason = reason;
    this.stopListening();
    // Whoever waits is told first: what the work makes of its abort comes too late.
    this.aborted?.(reason);
    this.controller?.abort(reason);
  }

  /** Nobody waits any more, for no reason in particular: a stream was unsubscribed from. */
  abandon(): void {
    if (this.standing !== 'running') return;
    if (this.caller?.aborted === true) {
      this.abort(this.caller.reason);
      return;
    }
    this.standing = 'aborted';
    this.stopListening();
    // Without a reason of ours: the platform makes its own `AbortError`.
    this.controller?.abort();
  }

  /** The work has ended: nothing aborts it any more, and its caller's signal is let go. */
  settle(): void {
    if (this.standing === 'running') this.standing = 'settled';
    this.stopListening();
  }

  /** @internal the caller's abort: an object as listener saves a closure for each call. */
  handleEvent(): void {
    this.abort(this.caller!.reason);
  }

  private get isAborted(): boolean {
    return this.standing === 'timed-out' || this.standing === 'aborted';
  }

  private listen(): void {
    if (
      this.caller === undefined ||
      this.isListening ||
      this.standing !== 'running'
    ) {
      return;
    }
    if (this.caller.aborted) {
      this.standing = 'aborted';
      this.reason = this.caller.reason;
      return;
    }
    this.isListening = true;
    listenForAbort(this.caller, this);
  }

  private stopListening(): void {
    if (!this.isListening) return;
    this.caller!.removeEventListener('abort', this);
  }
}

/**
 * Its signal's listeners are called in the asynchronous context of the work, not
 * in that of whoever aborts it.
 */
class ScopedController {
  private readonly controller = new AbortController();
  private readonly context = new AsyncResource('CircuitCallSignal');
  readonly signal = this.controller.signal;

  abort(reason?: unknown): void {
    this.context.runInAsyncScope(() => this.controller.abort(reason));
  }
}

/** One attempt of a call, as the protected function sees it. */
export class Attempt extends AbortScope {
  /**
   * @param attempt its number, 1 for the first
   * @param caller whose abort ends the attempt, too
   */
  constructor(
    readonly attempt: number,
    caller: AbortSignal | undefined,
  ) {
    super(caller);
  }
}
