import { isDeepStrictEqual } from 'node:util';
import { defer, type Observable } from 'rxjs';
import { InvalidOptionsError } from '../errors/invalid-options.error.js';
import type { Permit } from '../state/admission.js';
import type { Totals } from '../state/call-record.js';
import type { CircuitOptions, CircuitRules } from '../state/circuit-options.js';
import type { CircuitState } from '../state/circuit-state.js';
import { systemClock, type Clock } from '../state/clock.js';
import type { Order } from '../state/coordinator.js';
import {
  CIRCUIT_EVENT_TYPES,
  type CircuitEvent,
  type CircuitEventListener,
  type CircuitEventType,
} from '../state/events.js';
import { explain, type Explanation } from '../state/explanation.js';
import { mergeOptions } from '../state/merge-options.js';
import { takeSnapshot, type CircuitSnapshot } from '../state/snapshot.js';
import type { StateMachine } from '../state/state-machine.js';
import { timeoutWarnings } from '../state/timeout-checks.js';
import type { Body, Call, CallContext, KindOfAnswers } from './call.js';
import {
  compileCallOptions,
  type CallOptions,
  type CallPlan,
} from './call-options.js';
import { CallPlans, type ExecuteOptions } from './call-plans.js';
import type { CircuitDependencies } from './circuit-dependencies.js';
import { CircuitHost } from './circuit-host.js';
import { EventStream } from './event-stream.js';
import { invoke } from './invoke.js';
import { OnceReporter } from './once-reporter.js';
import { NO_OPTIONS, OptionLayers } from './option-layers.js';
import { Pipeline } from './pipeline.js';

const NO_CALL: Call = Object.freeze({});
const BARE = compileCallOptions(undefined);
const NO_DEPENDENCIES: CircuitDependencies = Object.freeze({});

/**
 * One dependency's circuit breaker. Usable without Nest; in a Nest application
 * get it from the registry.
 *
 * @example
 * const rates = new Circuit('rates', { failureRateThreshold: 0.3, openDuration: '30s' });
 * const rate = await rates.execute(({ signal }) => fetch(url, { signal }));
 */
export class Circuit {
  /** @internal where every call goes through. */
  readonly pipeline: Pipeline;
  /** @internal what decides; for the wings that share a view of it. */
  readonly machine: StateMachine;
  private readonly host: CircuitHost;
  private readonly reporter: OnceReporter;
  private readonly layers: OptionLayers;
  private ownPlans: CallPlans | undefined;

  /**
   * @param name what it is called in errors, events and metrics
   * @param options see `CircuitOptions`; each has a default
   * @throws InvalidOptionsError that lists every bad option
   */
  constructor(
    readonly name: string,
    options: CircuitOptions = NO_OPTIONS,
    private readonly dependencies: CircuitDependencies = NO_DEPENDENCIES,
  ) {
    this.reporter = new OnceReporter(name, dependencies.logger);
    this.layers = new OptionLayers(name, this.reporter);
    const { rules, commit } = this.layers.withBase(options);
    commit();
    this.host = new CircuitHost(name, rules, this.reporter, dependencies);
    this.machine = this.host.machine;
    this.pipeline = new Pipeline(this.host);
  }

  /** The key of a keyed circuit, else `null`. */
  get key(): string | null {
    return this.host.key;
  }

  /** @internal what its time is measured with. */
  get clock(): Clock {
    return this.dependencies.clock ?? systemClock;
  }

  /** Where the circuit stands. Reading it changes nothing: an open circuit whose wait is over is `open` until a call probes. */
  get state(): CircuitState {
    return this.machine.phase.state;
  }

  /** Counts transitions, overrides and resets. */
  get generation(): number {
    return this.machine.generation;
  }

  /** @internal calls that were admitted and have not ended. */
  get inFlight(): number {
    return this.machine.inFlight;
  }

  /** @internal what has become of its calls so far, without the cost of a snapshot; it changes with each call. */
  get totals(): Readonly<Totals> {
    return this.machine.record.totals;
  }

  /** The rules in force: every default filled in, durations in milliseconds. */
  get rules(): CircuitRules {
    return this.machine.rules;
  }

  /**
   * Calls through the circuit.
   *
   * @returns a promise always, also of what a function answers at once
   * @throws CircuitOpenException (as a rejection) when the call is refused and no
   *   fallback answers; whatever the call throws; the signal's reason at an abort
   */
  execute<T>(
    call: (context: CallContext) => T | PromiseLike<T>,
    options?: ExecuteOptions,
  ): Promise<T> {
    try {
      const plan = this.planOf(options);
      const { pipeline } = this.target(plan, options);
      const answer = pipeline.execute(plan, call as Body, options ?? NO_CALL);
      return answer as Promise<T>;
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /**
   * As {@link execute} for a function that answers at once.
   *
   * @throws CircuitOpenException when the call is refused and no fallback answers
   */
  executeSync<T>(
    call: (context: CallContext) => T,
    options?: ExecuteOptions,
  ): T {
    const plan = this.planOf(options);
    return this.target(plan, options).pipeline.executeSync(
      plan,
      call as Body,
      options ?? NO_CALL,
    ) as T;
  }

  /**
   * The same function behind the circuit: it answers in its own kind, a promise,
   * an Observable or a plain value.
   */
  wrap<F extends (...args: never[]) => unknown>(
    fn: F,
    options?: CallOptions,
  ): F {
    // A plan of its own: two functions never see each other's cached answers.
    const plan = compileCallOptions(options, `A call of "${this.name}"`);
    this.warnOfTimeout(plan);
    const kind = plan.returns ?? (isAsyncFunction(fn) ? 'promise' : undefined);
    const answers: KindOfAnswers = { last: undefined };
    return new Proxy(fn, {
      apply: (target, self, args: never[]) => {
        const body = () => Reflect.apply(target, self, args);
        return invoke(this, plan, body, { args, self, answers }, kind);
      },
    });
  }

  /** The same Observable behind the circuit: each subscription is one call. */
  protect<T>(source: Observable<T>, options?: ExecuteOptions): Observable<T> {
    const plan = this.planOf(options);
    const call = options ?? NO_CALL;
    if (plan.key === undefined) {
      return this.pipeline.protect(plan, source, call);
    }
    // The key is asked at each subscription.
    return defer(() =>
      this.target(plan, call).pipeline.protect(plan, source, call),
    );
  }

  /**
   * The right to one call, for those who cannot wrap it. Settle it exactly once.
   *
   * @returns `undefined` when the circuit refuses
   */
  tryAcquire(): Permit | undefined {
    return this.machine.tryAcquire();
  }

  /** Whether {@link tryAcquire} would give a permit now; takes none, but notices what is overdue as each admission does. */
  wouldAdmit(): boolean {
    return this.machine.wouldAdmit();
  }

  /** Everything about the circuit at this instant, as plain JSON. */
  snapshot(): CircuitSnapshot {
    return takeSnapshot(this.machine);
  }

  /** Why the state is what it is. */
  explain(): Explanation {
    return explain(this.machine);
  }

  /**
   * Changes options from the next evaluation on. State, window and counters stay,
   * except that a window of another type or size starts empty.
   *
   * @throws InvalidOptionsError that lists every bad option; nothing has changed then
   */
  configure(patch: CircuitOptions): void {
    this.preparePatch(mergeOptions({}, patch))();
  }

  /**
   * @internal The first half of {@link configure}: examines the options.
   *
   * @param patch of this change alone: a coordinator tells changes apart by it
   * @param renewed options of which nothing stays that was configured before
   * @returns puts them in force
   * @throws InvalidOptionsError that lists every bad option; nothing has changed then
   */
  preparePatch(
    patch: CircuitOptions,
    renewed: readonly string[] = [],
  ): () => void {
    const { rules, commit } = this.layers.withPatch(patch, renewed);
    return () => {
      commit();
      // Before listeners hear of it: what they change comes later, for all.
      this.machine.shared.tellPatch(patch);
      this.follow(rules);
    };
  }

  /**
   * @internal Prepares other options in the place of those that it was made with;
   * what it was configured with stays above them. Other instances are not told:
   * they have their own.
   *
   * @returns puts them in force
   * @throws InvalidOptionsError that lists every bad option; nothing has changed then
   */
  prepare(base: CircuitOptions): () => void {
    const { rules, commit } = this.layers.withBase(base);
    return () => {
      commit();
      if (!isDeepStrictEqual(rules, this.rules)) this.follow(rules);
    };
  }

  /**
   * @internal Keeps events: listeners hear of a change when it is made everywhere.
   *
   * @returns tells them
   */
  holdEvents(): () => void {
    return this.machine.emitter.hold();
  }

  /** Refuses every call until {@link releaseOverride} or {@link reset}. */
  forceOpen(reason = 'forced open'): void {
    this.machine.force('forced-open', reason);
    this.tellOrder({ action: 'force-open', reason });
  }

  /** Passes every call, whatever happens, until {@link releaseOverride} or {@link reset}. */
  forceClosed(reason = 'forced closed'): void {
    this.machine.force('forced-closed', reason);
    this.tellOrder({ action: 'force-closed', reason });
  }

  /** Ends an override: from forced open to half-open, from forced closed to closed. */
  releaseOverride(reason = 'the override was released'): void {
    const before = this.state;
    this.machine.releaseOverride(reason);
    // Without an override there was nothing to release.
    if (this.state !== before) {
      this.tellOrder({ action: 'release', reason });
    }
  }

  /** Closed with an empty window, whatever came before; also ends an override. Totals stay. */
  reset(reason = 'it was reset'): void {
    this.machine.reset(reason);
    this.tellOrder({ action: 'reset', reason });
  }

  /** Every event, told at once. A subscriber that throws is logged and harms nobody. */
  get events$(): Observable<CircuitEvent> {
    return EventStream.from<CircuitEvent>(
      tell => this.on(CIRCUIT_EVENT_TYPES, tell),
      error => this.reporter.report('a subscriber', error),
    );
  }

  /** The state now, and each one after it. */
  get state$(): Observable<CircuitState> {
    return EventStream.from<CircuitState>(
      tell => {
        tell(this.state);
        return this.on(['transition'], () => tell(this.state));
      },
      error => this.reporter.report('a subscriber', error),
    );
  }

  /**
   * Registers a listener for some kinds of events; the others then cost nothing.
   *
   * @returns what unregisters it
   */
  on(
    types: readonly CircuitEventType[],
    listener: CircuitEventListener,
  ): () => void {
    return this.machine.emitter.on(types, listener);
  }

  /** Lets go of every listener. The circuit itself holds no timer and no connection. */
  dispose(): void {
    this.machine.emitter.clear();
  }

  /** @internal Tells, once for each method, of rules that are surely not meant beside its timeout. */
  warnOfTimeout({ timeout, subject }: CallPlan): void {
    if (timeout === false) return;
    const { given } = this.layers;
    for (const warning of timeoutWarnings(this.rules, given, timeout)) {
      // Not the whole warning: a timeout may be another number at each call.
      const kind = `${subject}: ${warning.slice(0, warning.indexOf(':'))}`;
      this.reporter.warnOnce(kind, `${subject}: ${warning}`);
    }
  }

  private planOf(options: ExecuteOptions | undefined): CallPlan {
    if (options === undefined) return BARE;
    this.ownPlans ??= new CallPlans(this);
    return this.ownPlans.of(options);
  }

  private tellOrder(order: Omit<Order, 'state'>): void {
    this.machine.shared.tellOrder({ ...order, state: this.state });
  }

  private follow(rules: CircuitRules): void {
    // Last what tells of it: listeners find all of it changed.
    this.pipeline.configure(rules);
    this.host.configure(rules);
  }

  /** @internal the circuit that a call goes through: this one, or the one of its key. */
  target(plan: CallPlan, call: Call = NO_CALL): Circuit {
    return plan.key === undefined ? this : this.keyedBy(plan.key, call);
  }

  private keyedBy(
    key: NonNullable<CallPlan['key']>,
    { args = [] }: Call,
  ): Circuit {
    const { keyed } = this.dependencies;
    if (keyed === undefined) {
      throw new InvalidOptionsError(`A call of "${this.name}"`, [
        {
          path: 'key',
          message:
            'needs a registry that keeps the circuits of each key; this circuit was made by hand. Get it from CircuitBreakerRegistry',
        },
      ]);
    }
    return keyed(key(...args));
  }
}

function isAsyncFunction(fn: unknown): boolean {
  return Object.prototype.toString.call(fn) === '[object AsyncFunction]';
}
