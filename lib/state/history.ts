import { types } from 'node:util';
import type { CircuitState } from './circuit-state.js';

/** A failure as people read it. */
export interface FailureRecord {
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly name: string;
  readonly message: string;
}

/** A change of state as people read it. */
export interface TransitionRecord {
  readonly from: CircuitState;
  readonly to: CircuitState;
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly reason: string;
}

const KEPT_TRANSITIONS = 10;
const KEPT_FAILURES = 5;
const LONGEST_MESSAGE = 500;

const NOTHING: readonly never[] = [];

/** What happened lately, for whoever asks why. Bounded, and holds no error alive. */
export class History {
  /** The last ten, oldest first. */
  transitions: readonly TransitionRecord[] = NOTHING;
  /** The last five, oldest first. */
  failures: readonly FailureRecord[] = NOTHING;

  addTransition(transition: TransitionRecord): void {
    this.transitions = keep(this.transitions, transition, KEPT_TRANSITIONS);
  }

  addFailure(error: unknown, at: number): void {
    const failure = { at, ...describe(error) };
    this.failures = keep(this.failures, failure, KEPT_FAILURES);
  }
}

/** A name and a message for whatever was thrown, or returned and counted as a failure: it need not be an `Error`. */
function describe(error: unknown): { name: string; message: string } {
  try {
    if (typeof error !== 'object' || error === null) {
      return { name: typeof error, message: shorten(error) };
    }
    const { name, message } = error as { name?: unknown; message?: unknown };
    return {
      // The name of what is no error may be that of a customer.
      name: isError(error) ? shorten(name) : 'object',
      message: shorten(message ?? 'an object'),
    };
  } catch {
    return { name: 'unknown', message: 'an error that cannot be read' };
  }
}

/** Also one of another realm, as a test runner's. */
function isError(value: object): boolean {
  return value instanceof Error || types.isNativeError(value);
}

function shorten(message: unknown): string {
  const text = String(message);
  return text.length <= LONGEST_MESSAGE
    ? text
    : `${text.slice(0, LONGEST_MESSAGE)}…`;
}

/** A new list: most circuits have none of their own, and whoever reads one keeps what he has read. */
function keep<T>(list: readonly T[], item: T, most: number): readonly T[] {
  return [...list.slice(1 - most), item];
}
