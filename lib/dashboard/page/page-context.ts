import type { CircuitRecord } from './circuit-record.js';

/** What the parts of the page share. */
export interface PageContext {
  /** The server's time now, in milliseconds since the epoch. */
  now(): number;
  /** Whether actions are offered. */
  readonly actions: boolean;
  /** Names the process that is looked at. */
  readonly instance: string;
  /** Asks the person for a reason and sends the action. */
  ask(record: CircuitRecord, type: ActionType): void;
}

/** What can be done to a circuit. */
export type ActionType =
  'force-open' | 'force-closed' | 'release' | 'reset' | 'configure';
