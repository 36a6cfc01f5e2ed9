/**
 * The right to make one call. Settle it exactly once; whatever comes after the
 * first settling changes nothing.
 */
export interface Permit {
  /** The circuit's generation when the permit was given. */
  readonly generation: number;
  /** Whether the call is a probe of a half-open circuit. */
  readonly isProbe: boolean;
  /** @param ms how long the call took; measured if it is not given */
  success(ms?: number): void;
  /**
   * Counts as a failure: the error is not classified again.
   *
   * @param error what is shown as the last failure and read for `Retry-After`
   * @param ms how long the call took; measured if it is not given
   */
  failure(error?: unknown, ms?: number): void;
  /** Gives the permit back: neither success nor failure, however late. */
  release(): void;
}

/** A permit as the pipeline holds it. */
export interface CallPermit extends Permit {
  /** When the call began, on the circuit's clock; unknown of one that is not recorded. */
  readonly startedAt: number | undefined;
  /** The caller has gone: neutral, unless the call was slow by then. */
  cancel(): void;
  /** A stream has sent its first value: a probe has succeeded, another call is no longer timed. */
  firstValue(): void;
  /** The call was none after all: as if it had never been admitted. */
  withdraw(): void;
}

/** How an admitted call can end. A cancelled one is neutral unless it was slow by then. */
export type Ending = 'success' | 'failure' | 'ignored' | 'cancelled';

/** What an admission reports to. */
export interface Settler {
  settle(
    admission: Admission,
    ending: Ending,
    ms?: number,
    error?: unknown,
  ): void;
  firstValue(admission: Admission): void;
  withdraw(admission: Admission): void;
}

/** An admitted call: the permit, and what its state machine keeps about it. */
export class Admission implements CallPermit {
  isSettled = false;
  /** Whether it is counted as a slow call in flight. */
  isSlow = false;
  /** The time of a stream's first value: from then on it is neither slow nor overdue. */
  firstValueAt: number | undefined = undefined;
  previous: Admission | undefined = undefined;
  next: Admission | undefined = undefined;

  constructor(
    private readonly settler: Settler,
    readonly startedAt: number,
    readonly generation: number,
    readonly isProbe: boolean,
  ) {}

  success(ms?: number): void {
    this.settler.settle(this, 'success', ms);
  }

  failure(error?: unknown, ms?: number): void {
    this.settler.settle(this, 'failure', ms, error);
  }

  release(): void {
    this.settler.settle(this, 'ignored');
  }

  cancel(): void {
    this.settler.settle(this, 'cancelled');
  }

  firstValue(): void {
    this.settler.firstValue(this);
  }

  withdraw(): void {
    this.settler.withdraw(this);
  }
}
