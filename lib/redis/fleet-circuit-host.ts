import type { Circuit } from '../circuit/circuit.js';
import type { CircuitOptions } from '../state/circuit-options.js';
import type { OptionUpdate } from './shared-config.js';
import type { FleetWindow } from './shared-rules.js';

/** What a circuit's part in the fleet stands on. */
export interface FleetCircuitHost {
  /** Milliseconds by this instance's clock. */
  now(): number;
  random(): number;
  /** Whether the store is in reach. */
  readonly joined: boolean;
  readonly instances: number;
  /** Milliseconds for which a lease can be taken up. */
  readonly claimFor: number;
  /** How the fleet keeps a window of the latest calls. */
  readonly window: FleetWindow;
  /**
   * Examines options that the circuit is to take over.
   *
   * @returns puts them in force
   * @throws if they do not fit; nothing has changed then
   */
  prepare(circuit: Circuit, update: OptionUpdate): () => void;
  /** Whether a change of options belongs to this circuit, and not to all under its name. */
  owns(circuit: Circuit, patch: CircuitOptions): boolean;
  /** Tells the log of something, once. */
  warnOnce(what: string, message: string): void;
}
