import type { CircuitOptions } from './circuit-options.js';
import type { CircuitState } from './circuit-state.js';
import type { CircuitEvent, CircuitEventDetails } from './events.js';

/** The circuit and the generation that a coordinator is asked about. */
export interface ProbeRequest {
  readonly name: string;
  readonly key: string | null;
  readonly generation: number;
}

/** What a person ordered, after it was done here. */
export interface Order {
  readonly action: CircuitEventDetails['override']['action'];
  /** Where the circuit stands since. */
  readonly state: CircuitState;
  readonly reason: string;
}

/** What a shared view says of a circuit, for {@link CircuitSnapshot}. */
export interface SharedSnapshot {
  /** Whether the view is in reach; else the circuit decides alone. */
  readonly joined: boolean;
  /** The state on which all agree; `null` until it is known. */
  readonly state: CircuitState | null;
  /** The generation on which all agree; 0 until something has happened. */
  readonly generation: number;
  /** Instances that share the view, this one included. */
  readonly instances: number;
  /** How much of the calls in the shared window came from this instance, from 0 to 1; `null` without such calls. */
  readonly share: number | null;
  /** The calls in the shared window, as of the last that this instance added; `null` without such calls. */
  readonly window: {
    readonly calls: number;
    readonly failures: number;
    readonly slow: number;
  } | null;
}

/** A state that the circuit is to take over from the shared view. */
export type SharedState =
  | {
      readonly state: 'open';
      readonly reason: string;
      /** Milliseconds until the first probe. */
      readonly wait: number;
      /** How many openings in a row this is. */
      readonly attempt: number;
    }
  | {
      readonly state: Exclude<CircuitState, 'open'>;
      readonly reason: string;
      readonly attempt: number;
      /** Somebody has put all circuits there: one that is closed begins a new window, as in a reset. */
      readonly isOrdered?: boolean;
    };

/**
 * The seam for a view shared by several instances. Synchronous, so that no call
 * ever waits for it. A coordinator that throws is taken to agree: losing the
 * shared view must not keep a circuit open.
 */
export interface Coordinator {
  /** Asked before each probe; false refuses it for now. */
  allowsProbe(request: ProbeRequest): boolean;
  /** Told of each transition, after it. */
  transitioned(transition: CircuitEvent<'transition'>): void;
  /** Whether the verdict over the probes is the coordinator's; without this it is the circuit's own. */
  judgesProbes?(request: ProbeRequest): boolean;
  /** Told of what a person ordered. */
  ordered?(order: Order): void;
  /** Told of options that were changed at run time. */
  configured?(patch: CircuitOptions): void;
  /** What a snapshot tells of the shared view. */
  describe?(): SharedSnapshot;
}
