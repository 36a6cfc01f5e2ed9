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

/** What happened lately, for whoever asks why. Bounded, and holds no error alive. */
export class History {
  /** The last ten, oldest first. */
  readonly transitions: TransitionRecord[] = [];
  /** The last five, oldest first. */
  readonly failures: FailureRecord[] = [];

  addTransition(transition: TransitionRecord): void {
    keep(this.transitions, transition, KEPT_TRANSITIONS);
  }

  addFailure(error: unknown, at: number): void {
    keep(this.failures, { at, ...describe(error) }, KEPT_FAILURES);
  }
}

/** A name and a message for whatever was thrown; errors need not be `Error`s. */
function describe(error: unknown): { name: string; message: string } {
  try {
    if (error instanceof Error) {
      return { name: String(error.name), message: shorten(error.message) };
    }
    return {
      name: typeof error,
      message: shorten(
        typeof error === 'object' && error !== null
          ? ((error as { message?: unknown }).message ?? 'an object')
          : error,
      ),
    };
  } catch {
    return { name: 'unknown', message: 'an error that cannot be read' };
  }
}

function shorten(message: unknown): string {
  const text = String(message);
  return text.length <= LONGEST_MESSAGE
    ? text
    : `${text.slice(0, LONGEST_MESSAGE)}…`;
}

function keep<T>(list: T[], item: T, most: number): void {
  list.push(item);
  if (list.length > most) list.shift();
}
