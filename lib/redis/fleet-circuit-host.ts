import type { OptionOwners } from './option-owners.js';
import type { FleetWindow } from './shared-rules.js';

/** What a circuit's part in the fleet stands on. */
export interface FleetCircuitHost {
  /** Milliseconds by this instance's clock. */
  now(): number;
  random(): number;
  readonly instances: number;
  /** Milliseconds for which a lease can be taken up. */
  readonly claimFor: number;
  /** How the fleet keeps a window of the latest calls. */
  readonly window: FleetWindow;
  /** Whose a change of options is. */
  readonly options: OptionOwners;
  /** Tells the log of something, once. */
  warnOnce(what: string, message: string): void;
}
