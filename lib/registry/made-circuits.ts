import { Circuit } from '../circuit/circuit.js';
import type { Totals } from '../state/call-record.js';
import type { CircuitOptions } from '../state/circuit-options.js';
import type { CircuitEventType } from '../state/events.js';
import {
  CircuitListeners,
  type RegistryListener,
} from './circuit-listeners.js';
import { addTotals, noTotals } from './figures/totals-sum.js';
import { KeyedCircuits, OVERFLOW_KEY } from './keyed-circuits.js';
import type { OnceLogger } from './once-logger.js';
import type {
  RegistryCoordinator,
  SharedViewStatus,
} from './registry-coordinator.js';
import type { RegistryDependencies } from './registry-dependencies.js';

/** What circuits are made with. */
export interface MadeCircuitsHost {
  readonly dependencies: RegistryDependencies;
  readonly logger: OnceLogger;
  /** The options of a name. */
  optionsOf(name: string): CircuitOptions;
  /** The circuit that a call of another circuit of the name asks for by its key. */
  keyed(name: string, key: string): Circuit;
}

/**
 * The circuits that were made so far, each connected to those who listen to all
 * circuits and to the view shared with other instances.
 */
export class MadeCircuits implements Iterable<Circuit> {
  private readonly circuits = new Map<string, Circuit>();
  private readonly keyedCircuits = new Map<string, KeyedCircuits>();
  private readonly listeners = new CircuitListeners();
  private coordinator: RegistryCoordinator | undefined;

  constructor(private readonly host: MadeCircuitsHost) {}

  /** The circuit of a name, if it has been made. */
  find(name: string): Circuit | undefined {
    return this.circuits.get(name);
  }

  make(name: string): Circuit {
    const circuit = this.build(name);
    this.circuits.set(name, circuit);
    return circuit;
  }

  /** The keyed circuits of a name, if there have been any. */
  findKeyed(name: string): KeyedCircuits | undefined {
    return this.keyedCircuits.get(name);
  }

  /** Has a circuit's name have keyed circuits, too. */
  makeKeyed(circuit: Circuit): KeyedCircuits {
    const { name } = circuit;
    const keyed = new KeyedCircuits({
      maxKeys: () => circuit.rules.maxKeys,
      create: (key, how) => this.build(name, key, how?.isShared),
      forget: evicted => {
        this.listeners.detach(evicted);
        this.coordinator?.detach(evicted);
      },
      warn: () =>
        this.host.logger.warn(
          `Circuit "${name}" has ${circuit.rules.maxKeys} keyed circuits (maxKeys), and none of those that were used least recently is closed and idle: such keys share the circuit "${OVERFLOW_KEY}". Raise maxKeys, or see whether \`key\` answers too many different keys.`,
        ),
    });
    this.keyedCircuits.set(name, keyed);
    return keyed;
  }

  *[Symbol.iterator](): Iterator<Circuit> {
    for (const name of this.circuits.keys()) yield* this.under(name);
  }

  /** The circuit of a name, then its keyed ones. */
  *under(name: string): Iterable<Circuit> {
    const circuit = this.circuits.get(name);
    if (circuit !== undefined) yield circuit;
    yield* this.keyedCircuits.get(name) ?? [];
  }

  /** The totals of all circuits under a name, also of those that were let go. */
  totalsOf(name: string): Totals {
    const sum = noTotals();
    for (const circuit of this.under(name)) addTotals(sum, circuit.totals);
    addTotals(sum, this.findKeyed(name)?.forgottenTotals ?? noTotals());
    return sum;
  }

  /**
   * Prepares other options for all circuits under a name, or for none.
   *
   * @param one prepares them for one circuit and answers what puts them in force
   * @returns puts them in force
   * @throws whatever `one` throws; nothing has changed then
   */
  prepare(name: string, one: (circuit: Circuit) => () => void): () => void {
    const commits = Array.from(this.under(name), one);
    return () => {
      for (const commit of commits) commit();
    };
  }

  /**
   * Changes circuits of some names at once: listeners, who may change them again,
   * hear of it when all of it is done.
   */
  together(names: Iterable<string>, change: () => void): void {
    const tells = [...names].flatMap(name =>
      Array.from(this.under(name), circuit => circuit.holdEvents()),
    );
    try {
      change();
    } finally {
      for (const tell of tells) tell();
    }
  }

  /**
   * Registers a listener to some kinds of events of all circuits, those to come too.
   *
   * @returns what unregisters it
   */
  listen(
    types: readonly CircuitEventType[],
    listener: RegistryListener,
  ): () => void {
    return this.listeners.add(types, listener, this);
  }

  /** How the view shared with other instances is doing; `null` if there is none. */
  get sharedView(): SharedViewStatus | null {
    return this.coordinator?.status ?? null;
  }

  /**
   * Has every circuit share a view with other instances, those to come too.
   *
   * @returns what ends it
   * @throws Error if they share one already
   */
  coordinate(coordinator: RegistryCoordinator): () => void {
    if (this.coordinator !== undefined) {
      throw new Error(
        'The circuits of this application share a view already: import CircuitBreakerFleetModule once.',
      );
    }
    this.coordinator = coordinator;
    for (const circuit of this) coordinator.attach(circuit);
    return () => {
      if (this.coordinator !== coordinator) return;
      this.coordinator = undefined;
      for (const circuit of this) coordinator.detach(circuit);
    };
  }

  /** Lets go of every listener. */
  dispose(): void {
    this.listeners.clear();
    for (const circuit of this) circuit.dispose();
  }

  private build(name: string, key?: string, isShared?: boolean): Circuit {
    const { dependencies, logger } = this.host;
    const circuit = new Circuit(name, this.host.optionsOf(name), {
      ...dependencies,
      logger,
      key,
      isShared,
      keyed: otherKey => this.host.keyed(name, otherKey),
    });
    this.listeners.attach(circuit);
    this.coordinator?.attach(circuit);
    return circuit;
  }
}
