import type { Circuit } from '../circuit/circuit.js';

/** Shares the view of a registry's circuits with other instances. */
export interface RegistryCoordinator {
  /** Whether the shared view is in reach; for health. */
  readonly status: SharedViewStatus;
  /** Told of each circuit, those to come too. */
  attach(circuit: Circuit): void;
  /** Told of a circuit that the registry lets go. */
  detach(circuit: Circuit): void;
}

/** How the shared view is doing. */
export interface SharedViewStatus {
  /** False while circuits decide alone. */
  readonly joined: boolean;
  /** Why not, in words; `null` while it is in reach. */
  readonly reason: string | null;
  /** Instances that share the view, this one included. */
  readonly instances: number;
}
