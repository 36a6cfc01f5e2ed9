import type { SharedViewStatus } from '../registry/registry-coordinator.js';
import type { CircuitFigures, CircuitView } from './circuit-view.js';

/** `event: snapshot`: the first message of each connection, and after a reader was behind. */
export interface SnapshotMessage {
  /** The server's time, in milliseconds since the epoch. */
  readonly at: number;
  /** Names the process; another one has other circuits in memory. */
  readonly instance: string;
  /** Whether actions are possible at all; each is still authorised by itself. */
  readonly actions: boolean;
  /** How the view shared with other instances is doing; `null` if there is none. */
  readonly fleet: SharedViewStatus | null;
  readonly circuits: readonly CircuitView[];
  /** How many closed keyed circuits are left out. */
  readonly omitted: number;
}

/** `event: circuits`: circuits that are new or have another state or other rules, within 250 ms. */
export interface CircuitsMessage {
  readonly at: number;
  readonly circuits: readonly CircuitView[];
  /** Keyed circuits that were let go; a message of its own, before that of any in their place. */
  readonly removed: readonly { name: string; key: string | null }[];
}

/** `event: figures`: once a second, the circuits whose figures have changed. */
export interface FiguresMessage {
  readonly at: number;
  readonly fleet: SharedViewStatus | null;
  readonly figures: readonly CircuitFigures[];
}
