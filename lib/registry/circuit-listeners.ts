import type { Circuit } from '../circuit/circuit.js';
import type { CircuitEvent, CircuitEventType } from '../state/events.js';

/** Called with each event of the kinds it was registered for, and its circuit. */
export type RegistryListener = (event: CircuitEvent, circuit: Circuit) => void;

interface Registration {
  readonly types: readonly CircuitEventType[];
  readonly listener: RegistryListener;
  readonly stops: Map<Circuit, () => void>;
}

/** Listeners to all circuits, also to those that come later. */
export class CircuitListeners {
  private readonly registrations = new Set<Registration>();

  /**
   * Registers a listener.
   *
   * @param circuits those that are there already
   * @returns what unregisters it
   */
  add(
    types: readonly CircuitEventType[],
    listener: RegistryListener,
    circuits: Iterable<Circuit>,
  ): () => void {
    const registration = { types, listener, stops: new Map() };
    this.registrations.add(registration);
    for (const circuit of circuits) connect(registration, circuit);
    return () => {
      this.registrations.delete(registration);
      for (const stop of registration.stops.values()) stop();
      registration.stops.clear();
    };
  }

  /** Has every listener hear a new circuit, too. */
  attach(circuit: Circuit): void {
    for (const registration of this.registrations) {
      connect(registration, circuit);
    }
  }

  /** Lets go of a circuit. */
  detach(circuit: Circuit): void {
    for (const { stops } of this.registrations) {
      stops.get(circuit)?.();
      stops.delete(circuit);
    }
  }

  /** Lets go of every listener. */
  clear(): void {
    for (const { stops } of this.registrations) {
      for (const stop of stops.values()) stop();
    }
    this.registrations.clear();
  }
}

function connect(
  { types, listener, stops }: Registration,
  circuit: Circuit,
): void {
  stops.set(
    circuit,
    circuit.on(types, event => listener(event, circuit)),
  );
}
