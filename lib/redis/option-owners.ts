import type { Circuit } from '../circuit/circuit.js';
import type { CircuitOptions } from '../state/circuit-options.js';
import type { OptionUpdate } from './shared-config.js';

/**
 * Examines options that a circuit, and all under its name, are to take over.
 *
 * @returns puts them in force
 * @throws if they do not fit; nothing has changed then
 */
export type PrepareOptions = (
  circuit: Circuit,
  update: OptionUpdate,
) => () => void;

/** Whose a change of options is: a person's or the fleet's, one circuit's or a name's. Each has a patch of its own. */
export class OptionOwners {
  /** Patches that the fleet knows of: its own, and those of a name. */
  private readonly known = new WeakSet<object>();

  constructor(private readonly prepareOptions: PrepareOptions) {}

  /** Prepares a change that is the fleet's, so that it is not sent back. */
  prepare(circuit: Circuit, update: OptionUpdate): () => void {
    this.known.add(update.patch);
    return this.prepareOptions(circuit, update);
  }

  /** Whether a change is a person's and of this circuit. One for a name reaches its keyed circuits by the name: it is sent once. */
  owns({ key }: Circuit, patch: CircuitOptions): boolean {
    if (this.known.has(patch)) return false;
    if (key === null) this.known.add(patch);
    return true;
  }
}
