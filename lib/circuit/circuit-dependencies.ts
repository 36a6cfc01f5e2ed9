import type { CacheStore } from '../policies/cache-store.js';
import type { Clock } from '../state/clock.js';
import type { Coordinator } from '../state/coordinator.js';
import type { Circuit } from './circuit.js';

/** Where a circuit tells what a person must know; Nest's `Logger` fits. */
export interface CircuitLogger {
  warn(message: string): void;
  error(message: string, stack?: string): void;
}

/** What a circuit stands on; all of it can be replaced. */
export interface CircuitDependencies {
  /** @default the process's own time */
  readonly clock?: Clock | undefined;
  /** Draws the jitter: a number from 0 to 1. @default Math.random */
  readonly random?: (() => number) | undefined;
  /** The key of a keyed circuit. */
  readonly key?: string | undefined;
  /** @internal Several keys share it: it caches nothing, because a cached answer could be another's. */
  readonly isShared?: boolean | undefined;
  /** A view shared with other instances. */
  readonly coordinator?: Coordinator | undefined;
  /** @default Nest's `Logger` */
  readonly logger?: CircuitLogger | undefined;
  /** Where the option `cache` keeps answers, e.g. Nest's `CACHE_MANAGER`. @default the process's memory */
  readonly cacheStore?: CacheStore | undefined;
  /** Finds the circuit of a key, for the call option `key`. */
  readonly keyed?: ((key: string) => Circuit) | undefined;
}
