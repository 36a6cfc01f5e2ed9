import type { Circuit } from '../circuit/circuit.js';
import type { CircuitOptions } from '../state/circuit-options.js';
import type { CircuitState } from '../state/circuit-state.js';
import type {
  Coordinator,
  Order,
  SharedSnapshot,
} from '../state/coordinator.js';
import type { CircuitEvent } from '../state/events.js';
import { openWait } from '../state/open-wait.js';
import { CallCounter } from './call-counter.js';
import { circuitId } from './circuit-id.js';
import type {
  CircuitReply,
  CircuitReport,
  ReportedView,
  StoredState,
} from './fleet-store.js';
import { LeaseBook } from './lease-book.js';
import { SharedConfig } from './shared-config.js';

/** What a circuit's part in the fleet stands on. */
export interface FleetCircuitHost {
  /** Milliseconds by this instance's clock. */
  now(): number;
  random(): number;
  /** Whether the store is in reach. */
  readonly joined: boolean;
  readonly instances: number;
  /** Milliseconds for which a lease can be taken up. */
  readonly claimFor: number;
  /** Milliseconds between two flushes. */
  readonly flushInterval: number;
  /** Has the circuit take over options that another instance has changed. */
  configure(circuit: Circuit, patch: CircuitOptions): void;
  /** Whether a change of options belongs to this circuit, and not to all under its name. */
  owns(circuit: Circuit, patch: CircuitOptions): boolean;
  /** Tells the log of something, once. */
  warnOnce(what: string, message: string): void;
}

/** What the fleet agrees on, as far as this instance knows. */
interface View {
  readonly state: CircuitState;
  readonly gen: number;
  readonly reason: string;
  readonly attempt: number;
  /** When an open circuit is due, by this instance's clock. */
  readonly dueAt: number;
  readonly ordered: number;
}

/** Reasons are for people; a document in one would be sent to every instance. */
const LONGEST_REASON = 300;

/** One circuit's part in the fleet: what it tells, and what it follows. */
export class FleetCircuit implements Coordinator {
  readonly id: string;
  private view: View = {
    state: 'closed',
    gen: 0,
    reason: '',
    attempt: 0,
    dueAt: 0,
    ordered: 0,
  };
  /** Whether the view is known to be the fleet's; else the circuit decides alone. */
  private isSynced = false;
  /** Whether the whole view is to be compared with the store's. */
  private mustCompare = true;
  private isFollowing = false;
  private order: { state: CircuitState; reason: string } | undefined;
  private opened: number | undefined;
  private leases = new LeaseBook();
  private refused = 0;
  private hasAsked = false;
  private rejectedBefore = 0;
  private wait: number | undefined;
  private window: CircuitReply['window'];
  private readonly counter: CallCounter;
  private readonly config = new SharedConfig();
  private readonly stop: () => void;

  constructor(
    readonly circuit: Circuit,
    private readonly host: FleetCircuitHost,
  ) {
    this.id = circuitId(circuit.name, circuit.key);
    const { machine } = circuit;
    this.counter = new CallCounter(machine.record);
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

  /** Whether the circuit decides for itself what the fleet knows nothing of. */
  private get isAlone(): boolean {
    return !this.host.joined || !this.isSynced || this.view.state === 'closed';
  }

  allowsProbe(): boolean {
    if (this.isAlone) return true;
    const { order, view } = this;
    if (order === undefined && view.state === 'half-open') {
      if (this.leases.take(this.host.now())) return true;
    }
    this.refused++;
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
    if (this.isFollowing || !this.host.owns(this.circuit, patch)) return;
    if (!this.config.change(patch)) {
      this.host.warnOnce(
        'config',
        `configure() of circuit "${this.circuit.name}" has options that cannot be sent, such as functions: these are changed at this instance alone.`,
      );
    }
  }

  describe(): SharedSnapshot {
    const isKnown = this.isSynced && this.host.joined;
    const { state, gen } = this.view;
    const [calls = 0, failures = 0, slow = 0] = this.window ?? [];
    return {
      joined: isKnown,
      state: isKnown ? state : null,
      generation: gen,
      instances: this.host.instances,
      window: this.window === undefined ? null : { calls, failures, slow },
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
    const { callDeadline } = this.circuit.rules.halfOpen;
    this.leases.lose(this.host.now() + callDeadline);
    this.forget();
  }

  /** Somebody needs a lease that this instance does not. */
  wanted(gen: number): void {
    if (gen === this.view.gen && this.refused === 0) this.leases.giveBack();
  }

  /** The instance says goodbye. */
  leave(): void {
    this.leases.giveBack();
  }

  /**
   * What there is to tell since the last time; `undefined` if there is nothing.
   * Costs a few comparisons for a circuit on which nothing happens.
   */
  collect(): CircuitReport | undefined {
    const { view, order, circuit } = this;
    const { phase } = circuit.machine;
    const config = this.config.toTell();
    const counts =
      view.state === 'closed' && this.isSynced
        ? this.counter.take(phase.state === 'closed')
        : undefined;
    const opened = this.isSynced ? this.opened : undefined;
    const probes = this.collectProbes();
    if (
      !(this.mustCompare || order || config || counts || probes) &&
      opened === undefined
    ) {
      return undefined;
    }
    const isComparing = this.mustCompare;
    this.mustCompare = false;
    if (this.isSynced) this.opened = undefined;
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
      ...(config !== undefined && { config }),
      ...(isComparing && { view: this.report() }),
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
    if (report.config !== undefined) this.config.told();
    if (report.order !== undefined && report.order === this.order) {
      this.order = undefined;
    }
    if (reply.state !== undefined) this.adopt(reply.state, 'answer');
    const isBehind = reply.state !== undefined && this.isAhead(reply.state);
    // The store has lost what is known here: it is told at the next flush.
    if (isBehind) this.mustCompare = true;
    if (report.view !== undefined && !isBehind) this.sync();
    // Another order may have been first, and have been heard of before.
    if (report.order !== undefined && !isBehind) this.settle();
    if (reply.window !== undefined) this.window = reply.window;
    const gen = reply.state?.gen ?? report.gen;
    if (reply.leases !== undefined && gen === this.view.gen) {
      this.leases.hold(reply.leases, sentAt + this.host.claimFor);
    }
  }

  /** The report was not answered and is given up: what a person ordered is told again. */
  abandoned(report: CircuitReport): void {
    const { config, gen } = report;
    if (gen === this.view.gen) this.leases.tellAgain(report);
    if (config !== undefined) {
      this.config.change(JSON.parse(config) as CircuitOptions);
    }
    this.mustCompare = true;
  }

  /** Takes over a state of the fleet, unless it is older than the one known. */
  adopt(told: StoredState, source: 'answer' | 'announcement'): void {
    const patch = this.config.adopt(told.config, told.configGen);
    if (patch !== undefined) this.follow(() => this.configure(patch));
    const { view, host } = this;
    const isNewer =
      told.gen > view.gen ||
      // Answers come in order, so the store has the last word about its own generation.
      (source === 'answer' &&
        told.gen === view.gen &&
        told.state !== view.state);
    if (!isNewer) return;
    const { state, gen, reason, attempt, left, ordered } = told;
    const dueAt = host.now() + left;
    this.view = { state, gen, reason, attempt, dueAt, ordered };
    this.leases = new LeaseBook();
    this.forget();
    this.wait = undefined;
    this.hasAsked = false;
    this.rejectedBefore = this.circuit.totals.rejected;
    this.settle();
  }

  private isAhead({ gen, configGen }: StoredState): boolean {
    return gen < this.view.gen || configGen < this.config.gen;
  }

  /** Puts the circuit where the fleet is, unless a person's order is on its way. */
  private settle(): void {
    if (this.order !== undefined) return;
    const { state, reason, attempt, dueAt } = this.view;
    const wait = Math.max(0, dueAt - this.host.now());
    const { machine } = this.circuit;
    this.follow(() =>
      machine.follow(
        state === 'open'
          ? { state, reason, attempt, wait }
          : { state, reason, attempt },
      ),
    );
    this.counter.restart();
  }

  /** The view is the fleet's: the circuit is put there, if it went on alone. */
  private sync(): void {
    if (this.isSynced) return;
    this.isSynced = true;
    this.counter.restart();
    const { phase } = this.circuit.machine;
    if (this.view.state !== 'closed') this.settle();
    else if (phase.state === 'open') {
      this.opened = this.circuit.machine.retryAfter() ?? 0;
    }
  }

  private forget(): void {
    this.refused = 0;
    this.opened = undefined;
    this.window = undefined;
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

  private configure(patch: CircuitOptions): void {
    try {
      this.host.configure(this.circuit, patch);
    } catch (error) {
      this.host.warnOnce(
        'configure',
        `Circuit "${this.circuit.name}" was configured by another instance with options that this one does not take: ${String(error)}`,
      );
    }
  }

  private collectProbes(): Partial<CircuitReport> | undefined {
    const { view, host, circuit, leases } = this;
    if (this.isAlone || this.order !== undefined) return undefined;
    const { phase, rules } = circuit.machine;
    const now = host.now();
    if (view.state === 'open') {
      // Asked for ahead of time by whoever has callers: the first of them is then a probe.
      if (now < view.dueAt) return undefined;
      const hasCallers = circuit.totals.rejected > this.rejectedBefore;
      if (this.refused === 0 && (this.hasAsked || !hasCallers)) {
        return undefined;
      }
      return this.ask(rules.halfOpen.concurrency, {});
    }
    if (view.state !== 'half-open' || phase.state !== 'half-open') {
      return undefined;
    }
    const news = leases.report(phase.tally, now);
    const keep = leases.isStale(now, host.claimFor);
    const told: Partial<CircuitReport> = {
      ...(news.started.length > 0 && { started: news.started }),
      ...(news.succeeded.length > 0 && { succeeded: news.succeeded }),
      ...(news.failed.length > 0 && { failed: news.failed }),
      ...(news.returned.length > 0 && { returned: news.returned }),
      ...(keep && { keep: true }),
    };
    // Who has just probed will have another caller soon.
    const isIdle = this.refused === 0 && news.started.length === 0;
    if (isIdle || leases.idleAt(now) > 0) {
      return Object.keys(told).length > 0 ? told : undefined;
    }
    return this.ask(rules.halfOpen.concurrency, told);
  }

  private ask(
    most: number,
    told: Partial<CircuitReport>,
  ): Partial<CircuitReport> {
    const { refused } = this;
    this.refused = 0;
    this.hasAsked = true;
    return {
      ...told,
      want: Math.min(most, Math.max(1, refused)),
      ...(refused > 0 && { urgent: true }),
    };
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

  private report(): ReportedView {
    const { state, reason, attempt, dueAt, ordered } = this.view;
    const { json, gen } = this.config;
    return {
      state,
      reason,
      attempt,
      left: Math.ceil(Math.max(0, dueAt - this.host.now())),
      ordered,
      ...(gen > 0 && { config: json, configGen: gen }),
    };
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
