import { BulkheadFullException } from '../errors/bulkhead-full.exception.js';
import type { BulkheadRules } from '../state/limit-options.js';
import { listenForAbort } from './listen-for-abort.js';
import { buildError, type PolicyHost } from './policy-host.js';

/** The right to run one call. Release it when the work has really ended. */
export interface Place {
  /** Frees the place; a second time, or after `maxHold`, it does nothing. */
  release(): void;
}

interface Held extends Place {
  readonly since: number;
}

interface Waiter {
  enter(place: Place): void;
}

/**
 * Lets a number of calls run at once and a number wait, first come first served.
 * There is a timer only while somebody waits.
 */
export class Bulkhead {
  /** Oldest first. */
  private readonly held = new Set<Held>();
  /** First come first. */
  private readonly queue = new Set<Waiter>();
  private cancelExpiry: (() => void) | undefined;

  constructor(
    private rules: BulkheadRules,
    private readonly host: PolicyHost,
  ) {}

  /** Places that are taken. */
  get running(): number {
    return this.held.size;
  }

  /** Calls that wait for a place. */
  get waiting(): number {
    return this.queue.size;
  }

  /** Whether a place is free and nobody was here before. */
  get hasPlace(): boolean {
    if (this.held.size >= this.rules.maxConcurrent) this.freeExpired();
    return this.held.size < this.rules.maxConcurrent && this.queue.size === 0;
  }

  /** A place if one is free and nobody was here before, else `undefined`. */
  tryEnter(): Place | undefined {
    return this.hasPlace ? this.take() : undefined;
  }

  /**
   * A place, at once if one is free, else when it is this call's turn.
   *
   * @param signal whoever waits leaves the queue when it is aborted
   * @throws BulkheadFullException (as a rejection) when the queue is full or
   *   `maxWait` has passed; the signal's reason at its abort
   */
  enter(signal?: AbortSignal): Place | Promise<Place> {
    return this.tryEnter() ?? this.wait(signal);
  }

  /** A place beside those who are in if they and those who would wait leave one: nobody waits where nobody is refused. */
  tryEnterUncrowded(): Place | undefined {
    const { maxConcurrent, maxQueue } = this.rules;
    if (this.held.size >= maxConcurrent) this.freeExpired();
    return this.held.size < maxConcurrent + maxQueue ? this.take() : undefined;
  }

  /** Those who wait come in, however many: nothing limits them any more. */
  letIn(): void {
    for (const waiter of this.queue) waiter.enter(this.take());
    this.watchExpiry();
  }

  /** The error of a call that found no place. */
  readonly rejection = (): BulkheadFullException =>
    buildError(this.host, () => new BulkheadFullException(this.host.name));

  /** Takes other rules; those who wait come in if there is more room now. */
  configure(rules: BulkheadRules): void {
    this.rules = rules;
    this.admit();
    this.watchExpiry();
  }

  private take(): Place {
    const place: Held = {
      since: this.host.clock.now(),
      release: () => {
        if (!this.held.delete(place)) return;
        this.admit();
        this.watchExpiry();
      },
    };
    this.held.add(place);
    return place;
  }

  private wait(signal: AbortSignal | undefined): Promise<Place> {
    if (this.queue.size >= this.rules.maxQueue) {
      return Promise.reject(this.rejection());
    }
    if (signal?.aborted === true) return Promise.reject(signal.reason);
    return new Promise((resolve, reject) => {
      const leave = () => {
        this.queue.delete(waiter);
        cancelWait();
        signal?.removeEventListener('abort', abort);
        if (this.queue.size === 0) this.watchExpiry();
      };
      const abort = () => {
        leave();
        // The caller's own reason, whatever it is.
        // oxlint-disable-next-line prefer-promise-reject-errors
        reject(signal?.reason);
      };
      const waiter: Waiter = {
        enter: place => {
          leave();
          resolve(place);
        },
      };
      this.queue.add(waiter);
      const cancelWait = this.host.clock.schedule(this.rules.maxWait, () => {
        leave();
        reject(this.rejection());
      });
      if (signal !== undefined) listenForAbort(signal, abort);
      this.watchExpiry();
    });
  }

  private admit(): void {
    for (const waiter of this.queue) {
      if (this.held.size >= this.rules.maxConcurrent) return;
      waiter.enter(this.take());
    }
  }

  /** Frees the places that have been held for too long: their calls hang, and others wait. */
  private freeExpired(): void {
    const now = this.host.clock.now();
    const { maxHold } = this.rules;
    for (const place of this.held) {
      if (now - place.since < maxHold) return;
      this.held.delete(place);
      this.host.warn(
        `A call of "${this.host.name}" has held its place in the bulkhead for ${maxHold} ms without ending. The place is free again; the call may still run.`,
      );
    }
  }

  /** A timer for the oldest place, while somebody waits for it. */
  private watchExpiry(): void {
    this.cancelExpiry?.();
    this.cancelExpiry = undefined;
    const [oldest] = this.held;
    if (oldest === undefined || this.queue.size === 0) return;
    const left = oldest.since + this.rules.maxHold - this.host.clock.now();
    this.cancelExpiry = this.host.clock.schedule(Math.max(0, left), () => {
      this.cancelExpiry = undefined;
      this.freeExpired();
      this.admit();
      this.watchExpiry();
    });
  }
}
