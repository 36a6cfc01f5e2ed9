import { withoutStack } from '../errors/without-stack.js';
import type { Clock } from '../state/clock.js';

/** What a circuit lends to its policies. */
export interface PolicyHost {
  /** The circuit's name, for errors and logs. */
  readonly name: string;
  readonly clock: Clock;
  /** Whether errors carry a stack; asked at each error, because it may be changed at run time. */
  readonly captureStack: boolean;
  /** Told of what the user's own functions and stores throw; it must not throw. */
  readonly report: (what: string, error: unknown) => void;
  /** Told what a person must know; it must not throw. */
  warn(message: string): void;
}

/** Builds an error of ours, without its costly stack unless the user wants one. */
export function buildError<E extends Error>(
  { captureStack }: Pick<PolicyHost, 'captureStack'>,
  build: () => E,
): E {
  return captureStack ? build() : withoutStack(build);
}
