import type { Circuit } from '../circuit/circuit.js';
import type { CircuitOptions } from '../state/circuit-options.js';
import type { FleetCircuitHost } from './fleet-circuit-host.js';
import { SharedConfig } from './shared-config.js';

/** Has a circuit's options follow its fleet's, and the fleet's follow what a person changes here. */
export class OptionSharing {
  readonly config = new SharedConfig();

  constructor(
    private readonly circuit: Circuit,
    private readonly host: FleetCircuitHost,
  ) {}

  /** The circuit was configured. */
  configured(patch: CircuitOptions): void {
    const { circuit, host, config } = this;
    if (!host.options.owns(circuit, patch)) return;
    if (config.change(patch, circuit.rules.window.type)) return;
    host.warnOnce(
      'config',
      `configure() of circuit "${circuit.name}" has options that cannot be sent, such as functions: these are changed at this instance alone.`,
    );
  }

  /** Puts the circuit's options where the fleet's are. */
  settle(): void {
    const { circuit, host, config } = this;
    const problem = config.settle(update =>
      host.options.prepare(circuit, update),
    );
    if (problem === undefined) return;
    const message = `Circuit "${circuit.name}" was given options at run time that do not fit here with the others, so they are not in force: ${String(problem)}`;
    // Each misfit once: the second is no news of the first.
    host.warnOnce(message, message);
  }
}
