import type { Circuit } from '../circuit/circuit.js';
import type { CircuitOptions } from '../state/circuit-options.js';
import type {
  Coordinator,
  Order,
  SharedSnapshot,
} from '../state/coordinator.js';
import type { CircuitEvent } from '../state/events.js';
import { openWait } from '../state/open-wait.js';
import { CallCounter } from './call-counter.js';
import { circuitId } from './circuit-id.js';
import type { FleetCircuitHost } from './fleet-circuit-host.js';
import type {
  CircuitReply,
  CircuitReport,
  StoredState,
} from './fleet-store.js';
import { FleetView, type StateSource } from './fleet-view.js';
import { OptionSharing } from './option-sharing.js';
import { ProbeLeases } from './probe-leases.js';
import type { SharedConfig } from './shared-config.js';
import { windowDuration } from './shared-rules.js';
import { SharedWindow } from './shared-window.js';

/** Reasons are for people; a document in one would be sent to every instance. */
const LONGEST_REASON = 300;

/** One circuit's part in the fleet: what it tells, and what it follows. */
export class FleetCircuit implements Coordinator {
  readonly id: string;
  private view = FleetView.NONE;
  /** Whether the view is known to be the fleet's; else the circuit decides alone. */
  private isSynced = false;
  /** Whether it has ever been. */
  private hasSynced = false;
  /** Whether the whole view is to be compared with the store's. */
  private mustCompare = true;
  private isFollowing = false;
  /** What a person ordered here and the store does not know yet. */
  private order: CircuitReport['order'];
  /** It has opened by itself, for so many milliseconds. */
  private opened: number | undefined;
  private wait: number | undefined;
  private readonly window = new SharedWindow();
  private readonly probes: ProbeLeases;
  private readonly counter: CallCounter;
  private readonly options: OptionSharing;
  private readonly stop: () => void;

  constructor(
    readonly circuit: Circuit,
    private readonly host: FleetCircuitHost,
  ) {
    this.id = circuitId(circuit.name, circuit.key);
    const { machine } = circuit;
    this.counter = new CallCounter(machine.record);
    this.probes = new ProbeLeases(circuit, host);
    this.options = new OptionSharing(circuit, host);
    const { phase } = machine;
    if (phase.state === 'forced-open' || phase.state === 'forced-closed') {
      this.order = { state: phase.state, reason: phase.reason };
    }
    this.stop = machine.coordinate(this);
  }

  /** Leaves the circuit to itself. */
  detach(): void {
    this.stop();
  }

  private get config(): SharedConfig {
    return this.options.config;
  }

  /** Whether the circuit decides for itself what the fleet knows nothing of. */
  private get isAlone(): boolean {
    return !this.isSynced || this.view.state === 'closed';
  }

  allowsProbe(): boolean {
    if (this.isAlone) return true;
    const { order, view, probes } = this;
    if (order === undefined && view.state === 'half-open' && probes.take()) {
      return true;
    }
    probes.refuse();
    return false;
  }

  judgesProbes(): boolean {
    return !this.isAlone;
  }

  transitioned({ from, to, retryAfter }: CircuitEvent<'transition'>): void {
    if (this.isFollowing) return;
    if (from === 'closed') this.counter.pause();
    if (to === 'closed') this.counter.resume();
    this.opened = to === 'open' ? (retryAfter ?? 0) : undefined;
  }

  ordered({ state, reason }: Order): void {
    const text = Buffer.from(reason.slice(0, LONGEST_REASON)).toString();
    this.order = { state, reason: text };
  }

  configured(patch: CircuitOptions): void {
    this.options.configured(patch);
  }

  describe(): SharedSnapshot {
    const { host, circuit, isSynced } = this;
    const { state, gen } = this.view;
    const maxAge = windowDuration(circuit.rules, host.window);
    return {
      joined: isSynced,
      state: isSynced ? state : null,
      generation: gen,
      instances: host.instances,
      ...this.window.describe(host.now(), maxAge),
    };
  }

  /** Has the whole view compared at the next flush. */
  compare(): void {
    this.mustCompare = true;
  }

  /** The store is out of reach: from now on the circuit decides alone. */
  lost(): void {
    this.isSynced = false;
    this.mustCompare = true;
    this.probes.lose();
    this.forget();
  }

  /** Somebody needs a lease that this instance does not. */
  wanted(gen: number): void {
    if (gen === this.view.gen) this.probes.yield();
  }

  /** The instance says goodbye. */
  leave(): void {
    this.probes.giveBack();
  }

  /**
   * What there is to tell since the last time; `undefined` if there is nothing.
   * Costs a few comparisons for a circuit on which nothing happens.
   */
  collect(): CircuitReport | undefined {
    const { view, order, circuit } = this;
    const { phase } = circuit.machine;
    const change = this.config.take();
    const counts =
      view.state === 'closed' && this.isSynced
        ? this.counter.take(phase.state === 'closed')
        : undefined;
    const opened = this.isSynced ? this.opened : undefined;
    const probes =
      this.isAlone || order ? undefined : this.probes.collect(view);
    if (
      !(this.mustCompare || order || change || counts || probes) &&
      opened === undefined
    ) {
      return undefined;
    }
    // A change is of what is known here, which the store may have lost.
    const isComparing = this.mustCompare || change !== undefined;
    this.mustCompare = false;
    this.opened = undefined;
    return {
      id: this.id,
      gen: view.gen,
      configGen: this.config.gen,
      rules: 0,
      wait: Math.ceil(opened ?? this.nextWait()),
      ...(counts && {
        calls: counts.calls,
        ...(counts.failures > 0 && { failures: counts.failures }),
        ...(counts.slow > 0 && { slow: counts.slow }),
      }),
      ...(opened !== undefined && { opened: Math.ceil(opened) }),
      ...(order && { order }),
      ...(change !== undefined && { change }),
      ...(isComparing && {
        view: { ...view.report(this.host.now()), ...this.config.report() },
      }),
      ...(isComparing && this.hasClosedAlone() && { closedAlone: true }),
      ...probes,
    };
  }

  /**
   * Takes over what the store answered to a report.
   *
   * @param sentAt when the report was first sent, by this instance's clock
   */
  answered(report: CircuitReport, reply: CircuitReply, sentAt: number): void {
    const { order, view } = report;
    this.config.told();
    if (reply.state !== undefined) this.adopt(reply.state, 'answer');
    const isBehind = reply.state !== undefined && this.isAhead(reply.state);
    // The store has lost what is known here: it is told at the next flush.
    if (isBehind) this.mustCompare = true;
    if (order !== undefined) {
      if (order === this.order) this.order = undefined;
      // Another order may have been first, and have been heard of before.
      if (!isBehind) this.settle(order);
    }
    if (view !== undefined && !isBehind) this.sync();
    const gen = reply.state?.gen ?? report.gen;
    if (gen !== this.view.gen) return;
    if (reply.window !== undefined) {
      this.window.take(reply.window, report.calls ?? 0, this.host.now());
    }
    if (reply.leases !== undefined) this.probes.hold(reply.leases, sentAt);
  }

  /** The report was not answered and is given up: what a person ordered is told again. */
  abandoned(report: CircuitReport): void {
    const { change, gen } = report;
    if (gen === this.view.gen) this.probes.tellAgain(report);
    if (change !== undefined) this.config.tellAgain();
    this.mustCompare = true;
  }

  /** Takes over a state of the fleet, unless it is older than the one known. */
  adopt(told: StoredState, source: StateSource): void {
    this.config.adopt(told);
    this.follow(() => this.options.settle());
    // Lost in a store that has gone on: older news says nothing of it.
    const isLatest = told.configGen === this.config.gen;
    if (isLatest && this.config.isAheadOf(told)) this.mustCompare = true;
    if (!this.view.isReplacedBy(told, source)) return;
    this.view = FleetView.from(told, this.host.now());
    this.probes.restart();
    this.forget();
    this.wait = undefined;
    this.settle();
  }

  private isAhead(told: StoredState): boolean {
    return told.gen < this.view.gen || this.config.isAheadOf(told);
  }

  /**
   * Puts the circuit where the fleet is, unless a person's order is on its way.
   *
   * @param done an order that was carried out here when it was given
   */
  private settle(done?: CircuitReport['order']): void {
    if (this.order !== undefined) return;
    const { state, reason, attempt } = this.view;
    const wait = this.view.left(this.host.now());
    const isDone = done?.state === state && done.reason === reason;
    // What was ordered before this instance came is no news to it.
    const isOrdered = this.hasSynced && this.view.isOrdered && !isDone;
    const { machine } = this.circuit;
    this.follow(() =>
      machine.follow(
        state === 'open'
          ? { state, reason, attempt, wait }
          : { state, reason, attempt, isOrdered },
      ),
    );
    this.counter.restart();
  }

  /** The view is the fleet's: the circuit is put there, if it went on alone. */
  private sync(): void {
    if (this.isSynced) return;
    this.isSynced = this.hasSynced = true;
    this.counter.restart();
    const { phase } = this.circuit.machine;
    if (this.view.state !== 'closed') this.settle();
    else if (phase.state === 'open') {
      this.opened = this.circuit.machine.retryAfter() ?? 0;
    }
  }

  private forget(): void {
    this.opened = undefined;
    this.window.clear();
    this.counter.restart();
  }

  private follow(change: () => void): void {
    this.isFollowing = true;
    try {
      change();
    } finally {
      this.isFollowing = false;
    }
  }

  /** Whether it went through its own probes while the fleet's view stood still. */
  private hasClosedAlone(): boolean {
    const { state } = this.view;
    return (
      !this.isSynced &&
      (state === 'open' || state === 'half-open') &&
      this.circuit.state === 'closed'
    );
  }

  /** How long the next opening shall last: drawn once for each generation. */
  private nextWait(): number {
    this.wait ??= openWait(
      this.circuit.rules,
      this.view.attempt + 1,
      0,
      () => this.host.random(),
      (what, error) =>
        this.host.warnOnce(what, `${what} threw: ${String(error)}`),
    );
    return this.wait;
  }
}
