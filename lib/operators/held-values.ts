import type { Subscriber } from 'rxjs';
import type { Circuit } from '../circuit/circuit.js';
import { HeldBufferOverflowError } from '../errors/held-buffer-overflow.error.js';

/** How {@link HeldValues} holds. */
export interface HoldRules<T> {
  readonly size: number;
  readonly onOverflow: 'error' | 'drop-oldest';
  readonly onDrop: ((value: T) => void) | undefined;
  readonly warn: (message: string) => void;
}

/** How long the outcome of a value is waited for in half-open, in milliseconds: what a refusal there says, too. */
const PATIENCE_MS = 1_000;

/**
 * The values of one subscription that wait for a circuit.
 *
 * @internal
 */
export class HeldValues<T> {
  private readonly values: T[] = [];
  private whenEmpty: (() => void) | undefined;
  /** One has gone on to probe, and nothing has come of it yet. */
  private isProbing = false;
  private isDraining = false;
  private dropped = 0;
  private stopListening: (() => void) | undefined;
  private cancelWake: (() => void) | undefined;

  constructor(
    private readonly circuit: Circuit,
    private readonly subscriber: Subscriber<T>,
    private readonly rules: HoldRules<T>,
  ) {}

  /** Takes a value of the source: it goes on at once, or waits. */
  push(value: T): void {
    this.values.push(value);
    this.drain();
  }

  /** The source has ended: so does the stream, after what waits. */
  end(finish: () => void): void {
    this.whenEmpty = finish;
    this.drain();
  }

  /** Lets go of the circuit, the timer and the values. */
  release(): void {
    this.values.length = 0;
    this.whenEmpty = undefined;
    this.isProbing = false;
    this.rest();
  }

  private readonly drain = (): void => {
    // A value that goes on may tell of its outcome, or bring the next one, before it returns.
    if (this.isDraining) return;
    this.isDraining = true;
    while (this.values.length > 0 && this.mayPass()) {
      this.isProbing = !passesAll(this.circuit);
      if (this.isProbing) this.listen();
      this.subscriber.next(this.values.shift()!);
    }
    this.isDraining = false;
    if (this.values.length > this.rules.size) this.overflow();
    if (this.values.length > 0) this.wait();
    else this.rest();
  };

  private mayPass(): boolean {
    return (
      (!this.isProbing || passesAll(this.circuit)) && this.circuit.wouldAdmit()
    );
  }

  private listen(): void {
    this.stopListening ??= this.circuit.on(
      ['success', 'failure', 'ignored', 'transition', 'configured'],
      event => {
        // That is the beginning of the probe, and no outcome.
        const begins = event.type === 'transition' && event.to === 'half-open';
        if (!begins) this.isProbing = false;
        this.drain();
      },
    );
  }

  /** Waits for an outcome, a transition, or the time at which to try again. */
  private wait(): void {
    this.listen();
    this.cancelWake?.();
    const delay = this.isProbing ? PATIENCE_MS : this.untilDue();
    this.cancelWake =
      delay === null
        ? undefined
        : this.circuit.clock.schedule(delay, () => {
            this.cancelWake = undefined;
            this.isProbing = false;
            this.drain();
          });
  }

  /** Milliseconds until a look at the circuit makes sense; `null` if only an order can change it. */
  private untilDue(): number | null {
    switch (this.circuit.state) {
      case 'open':
        return Math.max(1, Math.ceil(this.circuit.snapshot().retryAfter ?? 1));
      case 'half-open':
        return PATIENCE_MS;
      default:
        return null;
    }
  }

  /** Nothing waits. */
  private rest(): void {
    this.cancelWake?.();
    this.cancelWake = undefined;
    // Of one that has gone on to probe the outcome is still to come.
    if (!this.isProbing) {
      this.stopListening?.();
      this.stopListening = undefined;
    }
    this.tellDropped();
    const finish = this.whenEmpty;
    this.whenEmpty = undefined;
    finish?.();
  }

  private overflow(): void {
    const { size, onOverflow, onDrop } = this.rules;
    if (onOverflow === 'error') {
      const error = new HeldBufferOverflowError(this.circuit.name, [
        ...this.values,
      ]);
      this.subscriber.error(error);
      return;
    }
    while (this.values.length > size) {
      const value = this.values.shift()!;
      if (onDrop === undefined) this.dropped++;
      else this.tell(onDrop, value);
    }
  }

  private tell(onDrop: (value: T) => void, value: T): void {
    try {
      onDrop(value);
    } catch (error) {
      this.subscriber.error(error);
    }
  }

  /** Once for each pause, not for each value. */
  private tellDropped(): void {
    if (this.dropped === 0) return;
    this.rules.warn(
      `Circuit "${this.circuit.name}": holdWhileOpen dropped ${this.dropped} ${this.dropped === 1 ? 'value' : 'values'} while it held; its buffer has ${this.rules.size} places.`,
    );
    this.dropped = 0;
  }
}

/** Whether every value goes on, and not only one at a time. */
function passesAll({ state, rules }: Circuit): boolean {
  return (
    state === 'closed' || state === 'forced-closed' || rules.mode !== 'enforced'
  );
}
