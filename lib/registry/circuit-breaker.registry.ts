import { isDeepStrictEqual } from 'node:util';
import { Logger } from '@nestjs/common';
import type { Observable } from 'rxjs';
import type { Circuit } from '../circuit/circuit.js';
import { EventStream } from '../circuit/event-stream.js';
import { UnknownCircuitError } from '../errors/unknown-circuit.error.js';
import type { Totals } from '../state/call-record.js';
import {
  circuitOptionsSchema,
  type CircuitOptions,
} from '../state/circuit-options.js';
import { systemClock } from '../state/clock.js';
import {
  CIRCUIT_EVENT_TYPES,
  type CircuitEvent,
  type CircuitEventType,
} from '../state/events.js';
import { mergeOptions } from '../state/merge-options.js';
import { parseOptions } from '../state/parse-options.js';
import { quote } from '../state/quote.js';
import type { CircuitSnapshot } from '../state/snapshot.js';
import type { CircuitDeclaration, Declarer } from './circuit-declaration.js';
import type { RegistryListener } from './circuit-listeners.js';
import { Declarations } from './declarations.js';
import {
  Failover,
  type FailoverCall,
  type FailoverOptions,
} from './failover.js';
import { MadeCircuits } from './made-circuits.js';
import { OnceLogger } from './once-logger.js';
import type { PresetCircuitOptions } from './presets.js';
import type {
  RegistryCoordinator,
  SharedViewStatus,
} from './registry-coordinator.js';
import type { RegistryDependencies } from './registry-dependencies.js';

/**
 * The circuits of one application, by name. Inject it to look at them and to
 * steer them; iterate it for all of them, keyed ones too.
 *
 * A circuit is made when it is first asked for, and then stays.
 *
 * @example
 * constructor(private readonly circuits: CircuitBreakerRegistry) {}
 *
 * isolate() {
 *   this.circuits.get('payment-gateway').forceOpen('maintenance');
 * }
 */
export class CircuitBreakerRegistry implements Iterable<Circuit> {
  private readonly made: MadeCircuits;
  private readonly failovers: Failover;
  private readonly logger: OnceLogger;
  private readonly createdWith = new Map<string, PresetCircuitOptions>();
  private readonly stops: (() => void)[] = [];

  /** @internal an application gets it from `CircuitBreakerModule`. */
  constructor(
    private readonly declarations: Declarations = new Declarations(),
    dependencies: RegistryDependencies = {},
  ) {
    this.logger = new OnceLogger(
      dependencies.logger ?? new Logger('CircuitBreaker'),
    );
    this.made = new MadeCircuits({
      dependencies,
      logger: this.logger,
      optionsOf: name => declarations.optionsOf(name),
      keyed: (name, key) => this.keyed(name, key),
    });
    this.failovers = new Failover({
      clock: dependencies.clock ?? systemClock,
      warn: message => this.logger.warn(message),
      circuit: (name, key) => this.keyed(name, key),
    });
  }

  /**
   * The circuit of a declared name.
   *
   * @throws UnknownCircuitError that names the closest declared circuit
   */
  get(name: string): Circuit {
    const circuit = this.find(name);
    if (circuit !== undefined) return circuit;
    // What is no string may not even have one.
    const asked = typeof name === 'string' ? name : quote(name);
    throw new UnknownCircuitError(
      asked,
      this.declarations.closestTo(asked),
      this.names(),
    );
  }

  /** The circuit of a declared name, else `undefined`. */
  find(name: string): Circuit | undefined {
    const circuit = this.made.find(name);
    if (circuit !== undefined) return circuit;
    return this.declarations.has(name) ? this.made.make(name) : undefined;
  }

  /**
   * The circuit of a name, which is declared by this if nothing else does. A
   * declared circuit keeps its options; to change them use {@link configure}.
   *
   * @param options over `defaults`
   * @throws InvalidOptionsError
   */
  getOrCreate(name: string, options?: PresetCircuitOptions): Circuit {
    if (!this.declarations.has(name)) {
      this.declarations.create(name, options);
      this.createdWith.set(name, mergeOptions({}, options));
    } else if (
      options !== undefined &&
      !isDeepStrictEqual(this.createdWith.get(name), mergeOptions({}, options))
    ) {
      this.logger.warn(
        `Circuit "${name}": getOrCreate() was given options, but the circuit has others already and keeps them. Change them with configure().`,
      );
    }
    return this.get(name);
  }

  /**
   * The circuit of one key under a declared name, e.g. of one tenant or host. It
   * has the options of the name and a state of its own.
   *
   * At most `maxKeys` are kept. Beyond that the least recently used one that is
   * closed and idle goes; ask for a keyed circuit at each call rather than keep
   * it. If none can go, the key shares one circuit with the others for which
   * there is no room.
   *
   * @throws UnknownCircuitError if the name is not declared
   * @throws TypeError if the key is no string
   */
  keyed(name: string, key: string): Circuit {
    if (typeof key !== 'string') {
      throw new TypeError(
        `Circuit "${name}": got the key ${quote(key)}; a key is a string.`,
      );
    }
    const keyed =
      this.made.findKeyed(name) ?? this.made.makeKeyed(this.get(name));
    return keyed.get(key);
  }

  /**
   * Calls the first of several backends that answers, each through the circuit of
   * its key: those whose circuits are closed as they are given, then those that
   * are half-open or due; open ones are skipped. The next one is called after a
   * failure, a timeout or a refusal, not after an answer such as 404.
   *
   * @param keys the backends, the preferred one first
   * @param call calls one of them
   * @param options `timeout` and `retry` for each, `deadline` for all of it; keep
   *   them in a constant: each object is validated once
   * @throws FailoverException (as a rejection) with every error if none answers
   * @example
   * const hits = await circuits.failover('search', ['eu', 'us'], (region, { signal }) =>
   *   fetch(`https://${region}.search.example`, { signal }));
   */
  failover<T>(
    name: string,
    keys: Iterable<string>,
    call: FailoverCall<T>,
    options?: FailoverOptions,
  ): Promise<T> {
    return this.failovers.run(name, keys, call, options);
  }

  /** Every declared name. */
  names(): string[] {
    return this.declarations.names();
  }

  /** Every circuit at this instant, keyed ones too, as plain JSON. */
  snapshot(): CircuitSnapshot[] {
    return Array.from(this, circuit => circuit.snapshot());
  }

  /**
   * What has become of the calls of a name: the totals of its circuit and of all
   * keyed circuits under it, also of those that were let go. They never go down.
   *
   * @throws UnknownCircuitError if the name is not declared
   */
  totals(name: string): CircuitSnapshot['totals'] {
    this.get(name);
    return this.made.totalsOf(name);
  }

  /**
   * Changes options of a circuit and of all keyed circuits under its name, from
   * the next evaluation on; those that come later have them, too.
   *
   * @throws UnknownCircuitError if the name is not declared
   * @throws InvalidOptionsError that lists every bad option; nothing has changed then
   */
  configure(name: string, patch: CircuitOptions): void {
    this.preparePatch(name, mergeOptions({}, patch))();
  }

  /**
   * @internal The first half of {@link configure}: examines the options.
   *
   * @param patch of this change alone: a coordinator tells changes apart by it
   * @param renewed options of which nothing stays that was configured before
   * @returns puts them in force
   * @throws UnknownCircuitError if the name is not declared
   * @throws InvalidOptionsError that lists every bad option; nothing has changed then
   */
  preparePatch(
    name: string,
    patch: CircuitOptions,
    renewed: readonly string[] = [],
  ): () => void {
    this.get(name);
    // A circuit may have been configured by itself: what fits the name may not fit it.
    const follow = this.made.prepare(name, circuit =>
      circuit.preparePatch(patch, renewed),
    );
    const commit = this.declarations.preparePatch(name, patch, renewed);
    return () =>
      this.made.together([name], () => {
        commit();
        follow();
      });
  }

  /** The events of all circuits, those to come too. Costs nothing without a subscriber; one that throws is logged. */
  get events$(): Observable<CircuitEvent> {
    return EventStream.from<CircuitEvent>(
      tell => this.on(CIRCUIT_EVENT_TYPES, tell),
      error =>
        this.logger.error(
          `A subscriber to the events of all circuits threw and was passed over: ${String(error)}`,
          error instanceof Error ? error.stack : undefined,
        ),
    );
  }

  /** How the view shared with other instances is doing; `null` if there is none. */
  get sharedView(): SharedViewStatus | null {
    return this.made.sharedView;
  }

  /** Every circuit; those that are declared are made. */
  *[Symbol.iterator](): Iterator<Circuit> {
    for (const name of this.names()) {
      this.get(name);
      yield* this.made.under(name);
    }
  }

  /**
   * @internal Puts what a configuration source gives in the place of what it gave
   * before, for all circuits or for none. State, windows and counters stay.
   *
   * @returns the names whose options have changed
   * @throws InvalidOptionsError with everything that is wrong; nothing has changed then
   */
  takeLive(given: unknown): string[] {
    const { changed, commit } = this.declarations.prepareLive(given);
    const follows = Array.from(changed, ([name, options]) =>
      this.made.prepare(name, circuit => circuit.prepare(options)),
    );
    this.made.together(changed.keys(), () => {
      commit();
      for (const follow of follows) follow();
    });
    return [...changed.keys()];
  }

  /**
   * @internal Registers a listener to some kinds of events of all circuits, those
   * to come too; the other kinds then cost nothing.
   *
   * @returns what unregisters it
   */
  on(
    types: readonly CircuitEventType[],
    listener: RegistryListener,
  ): () => void {
    return this.made.listen(types, listener);
  }

  /**
   * @internal Declares a circuit in the name of a decorator. The same declaration
   * again changes nothing.
   *
   * @throws InvalidOptionsError if the options are wrong, or if they disagree
   *   with another decorator's
   */
  declare(
    name: string,
    options: CircuitOptions | undefined,
    source: string,
  ): Circuit {
    this.adopt('decorator', { name, options, source });
    return this.get(name);
  }

  /**
   * @internal Declares the circuits of features that were loaded late. Those that
   * are known change nothing.
   *
   * @throws InvalidOptionsError
   */
  declareFeatures(declarations: readonly CircuitDeclaration[]): void {
    for (const declaration of declarations) this.adopt('feature', declaration);
  }

  /** @internal Tells, at the start, of options that can be taken but are surely not meant. */
  warnOfOptions(): void {
    for (const name of this.names()) {
      parseOptions(
        circuitOptionsSchema,
        this.declarations.optionsOf(name),
        `Circuit "${name}"`,
        message => this.logger.warn(message),
      );
    }
  }

  /** @internal What keyed circuits of a name had counted that were let go; `undefined` if it never had any. */
  forgottenTotals(name: string): Readonly<Totals> | undefined {
    return this.made.findKeyed(name)?.forgottenTotals;
  }

  /**
   * @internal Has every circuit share a view with other instances, those to come too.
   *
   * @returns what ends it
   * @throws Error if they share one already
   */
  coordinate(coordinator: RegistryCoordinator): () => void {
    return this.made.coordinate(coordinator);
  }

  /** @internal Has something end with the application. */
  endWith(stop: () => void): void {
    this.stops.push(stop);
  }

  /** @internal Lets go of every listener: the application is closed. */
  dispose(): void {
    for (const stop of this.stops.splice(0)) stop();
    this.made.dispose();
  }

  /** Declares a circuit after the start, unless that is known. */
  private adopt(declarer: Declarer, declaration: CircuitDeclaration): void {
    if (this.declarations.isKnown(declarer, declaration)) return;
    this.declarations.addLate(declarer, declaration);
    // The circuits of the name were made before it, and follow it.
    const { name } = declaration;
    const options = this.declarations.optionsOf(name);
    const follow = this.made.prepare(name, circuit => circuit.prepare(options));
    this.made.together([name], follow);
  }
}
