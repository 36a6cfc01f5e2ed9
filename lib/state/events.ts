import type { RefusalCode } from '../errors/rejection.js';
import type { CircuitState } from './circuit-state.js';

/** Every kind of event, in the order of their bits in an {@link EventMask}. */
export const CIRCUIT_EVENT_TYPES = [
  'success',
  'failure',
  'ignored',
  'slow',
  'rejected',
  'would-reject',
  'timeout',
  'retry',
  'fallback',
  'cache-hit',
  'transition',
  'override',
  'configured',
] as const;

/** The kinds of events a circuit tells. */
export type CircuitEventType = (typeof CIRCUIT_EVENT_TYPES)[number];

/** What every event carries. */
export interface CircuitEventBase {
  /** The circuit's name. */
  readonly name: string;
  /** The key of a keyed circuit, else `null`. */
  readonly key: string | null;
  /** The generation that the event belongs to; an outcome belongs to that of its admission. */
  readonly generation: number;
  /** Milliseconds since the epoch. */
  readonly at: number;
  /** How long the call took in milliseconds; `null` where there was no call. */
  readonly duration: number | null;
}

/** What each kind of event carries beside the base. */
export interface CircuitEventDetails {
  success: object;
  failure: { readonly error: unknown };
  ignored: object;
  slow: object;
  rejected: {
    /** What refused: the circuit, its bulkhead or its rate limit. */
    readonly code: RefusalCode;
    readonly state: CircuitState;
    readonly retryAfter: number | null;
  };
  'would-reject': { readonly state: CircuitState };
  timeout: {
    /** Whether one attempt or the whole call took too long. */
    readonly limit: 'timeout' | 'deadline';
  };
  retry: {
    /** The number of the attempt that comes next. */
    readonly attempt: number;
    /** Milliseconds until then. */
    readonly delay: number;
    readonly error: unknown;
  };
  fallback: { readonly error: unknown };
  'cache-hit': {
    /** Whether the answer was young enough to be given without a call, or stands in for one that failed. */
    readonly freshness: 'fresh' | 'stale';
  };
  transition: {
    readonly from: CircuitState;
    readonly to: CircuitState;
    readonly reason: string;
    /** How many openings in a row this is; 0 once closed. */
    readonly attempt: number;
    /** Milliseconds until the first probe, in `open`; else `null`. */
    readonly retryAfter: number | null;
  };
  override: {
    readonly action: 'force-open' | 'force-closed' | 'release' | 'reset';
    readonly reason: string;
  };
  configured: object;
}

/** One event of one kind, e.g. `CircuitEvent<'transition'>`. */
export type CircuitEvent<T extends CircuitEventType = CircuitEventType> = {
  [K in T]: CircuitEventBase & { readonly type: K } & CircuitEventDetails[K];
}[T];

/** Called with each event of the kinds it was registered for, at once. */
export type CircuitEventListener = (event: CircuitEvent) => void;
