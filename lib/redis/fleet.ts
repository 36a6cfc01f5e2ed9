import type { Circuit } from '../circuit/circuit.js';
import type { CircuitLogger } from '../circuit/circuit-dependencies.js';
import type {
  RegistryCoordinator,
  SharedViewStatus,
} from '../registry/registry-coordinator.js';
import type { CircuitOptions } from '../state/circuit-options.js';
import type { Clock } from '../state/clock.js';
import { FleetCircuit } from './fleet-circuit.js';
import type { FleetCircuitHost } from './fleet-circuit-host.js';
import type { FleetSettings } from './fleet-options.js';
import type {
  Announcement,
  CircuitReport,
  ExchangeReply,
  ExchangeRequest,
  FleetListener,
  FleetStore,
} from './fleet-store.js';
import { RuleTable } from './rule-table.js';

/** What a fleet stands on; all of it can be replaced in tests. */
export interface FleetDependencies {
  readonly store: FleetStore;
  readonly clock: Clock;
  readonly logger: CircuitLogger & { log(message: string): void };
  readonly random?: () => number;
  /** Names the instance and the store's lives. */
  readonly newId: () => string;
  /** Has a circuit, and all under its name, take over options. */
  readonly configure: (circuit: Circuit, patch: CircuitOptions) => void;
}

/** A request whose answer is out, or was lost. */
interface Unanswered {
  readonly request: ExchangeRequest;
  readonly circuits: readonly FleetCircuit[];
  /** When it was first sent. */
  readonly sentAt: number;
}

/** A flush tells of at most this many circuits, so that the store is never held up for long. */
const MOST_CIRCUITS = 500;

/** An instance counts as alive for this many polls. */
const ALIVE_POLLS = 3;

/** How long a lease can be taken up without being renewed, in milliseconds. */
const CLAIM_FOR_MS = 5_000;

/** Not being connected is told after this long from the start, in milliseconds. */
const START_WITHIN_MS = 2_000;

/** A request is sent again for this long; later its counts would be of another time. */
const RESEND_FOR_MS = 5_000;

/**
 * One instance's part in a fleet. Nothing of it is on the path of a call: a timer
 * reads what circuits have recorded, and one exchange at a time tells it.
 */
export class Fleet
  implements RegistryCoordinator, FleetListener, FleetCircuitHost
{
  readonly instance: string;
  readonly claimFor = CLAIM_FOR_MS;
  joined = false;
  /** Instances that are alive, as of the last answer. */
  instances = 1;
  private readonly circuits = new Map<Circuit, FleetCircuit>();
  private readonly byId = new Map<string, FleetCircuit>();
  private readonly patchesByName = new WeakSet<object>();
  private readonly warned = new Set<string>();
  private isApplying = false;
  private reason: string | null = 'not connected yet';
  private unanswered: Unanswered | undefined;
  private exchanging: Promise<void> | undefined;
  private cancelTick: (() => void) | undefined;
  private seq = 0;
  private rev: number | undefined;
  private revAnswered = 0;
  private epoch: string | undefined;
  private lastExchangeAt = -Infinity;
  private lastRefreshAt: number;
  private readonly startedAt: number;
  private isStarting = true;
  private turn = 0;
  private hasStopped = false;

  constructor(
    private readonly settings: FleetSettings,
    private readonly deps: FleetDependencies,
  ) {
    this.instance = deps.newId();
    this.lastRefreshAt = this.startedAt = deps.clock.now();
  }

  get status(): SharedViewStatus {
    const { joined, reason, instances } = this;
    return { joined, reason, instances };
  }

  get window(): FleetSettings['window'] {
    return this.settings.window;
  }

  now(): number {
    return this.deps.clock.now();
  }

  random(): number {
    return (this.deps.random ?? Math.random)();
  }

  attach(circuit: Circuit): void {
    const part = new FleetCircuit(circuit, this);
    this.circuits.set(circuit, part);
    this.byId.set(part.id, part);
  }

  detach(circuit: Circuit): void {
    const part = this.circuits.get(circuit);
    if (part === undefined) return;
    part.detach();
    this.circuits.delete(circuit);
    if (this.byId.get(part.id) === part) this.byId.delete(part.id);
  }

  /** Begins to listen and to flush. */
  start(): void {
    this.deps.store.open(this);
    this.scheduleTick();
  }

  /** Says goodbye, as far as the store can be reached, and lets go of it. */
  async stop(): Promise<void> {
    if (this.hasStopped) return;
    this.hasStopped = true;
    this.cancelTick?.();
    await this.exchanging;
    if (this.joined) {
      for (const circuit of this.circuits.values()) circuit.leave();
      await this.exchange(this.compose({ leaving: true }));
    }
    this.lose('this instance has left');
    for (const circuit of this.circuits.keys()) this.detach(circuit);
    await this.deps.store.close();
  }

  announced(announcement: Announcement): void {
    const { id, rev, epoch, what } = announcement;
    // Another life of the store is noticed by the next answer.
    if (this.epoch !== undefined && epoch !== this.epoch) return;
    if (this.rev !== undefined) {
      if (rev > this.rev + 1) this.compareAll();
      this.rev = Math.max(this.rev, rev);
    }
    const circuit = this.byId.get(id);
    if (what === 'state') circuit?.adopt(announcement.state, 'announcement');
    else circuit?.wanted(announcement.gen);
  }

  resumed(): void {
    this.compareAll();
  }

  configure(circuit: Circuit, patch: CircuitOptions): void {
    this.isApplying = true;
    try {
      this.deps.configure(circuit, patch);
    } finally {
      this.isApplying = false;
    }
  }

  /** A change for a name reaches its keyed circuits by the name: it is sent once. */
  owns({ key }: Circuit, patch: CircuitOptions): boolean {
    if (this.isApplying) return false;
    if (key !== null) return !this.patchesByName.has(patch);
    this.patchesByName.add(patch);
    return true;
  }

  warnOnce(what: string, message: string): void {
    if (this.warned.has(what)) return;
    this.warned.add(what);
    this.deps.logger.warn(message);
  }

  private scheduleTick(): void {
    const { flushInterval } = this.settings;
    this.cancelTick = this.deps.clock.schedule(flushInterval, () => {
      if (this.hasStopped) return;
      this.scheduleTick();
      this.tick();
    });
  }

  private tick(): void {
    // One at a time: a slow store gets fewer requests, not more.
    if (this.exchanging !== undefined) return;
    this.giveUpOld();
    if (this.unanswered !== undefined) {
      this.begin(this.unanswered);
      return;
    }
    this.refresh();
    const next = this.compose({});
    const isPollDue =
      this.now() - this.lastExchangeAt >= this.settings.pollInterval;
    if (next.circuits.length > 0 || isPollDue || !this.joined) {
      this.begin(next);
    }
  }

  private begin(next: Unanswered): void {
    this.exchanging = this.exchange(next).finally(() => {
      this.exchanging = undefined;
    });
  }

  private async exchange(next: Unanswered): Promise<void> {
    this.unanswered = next;
    this.lastExchangeAt = this.now();
    try {
      const reply = await this.deps.store.exchange(next.request);
      if (this.unanswered !== next) return;
      this.unanswered = undefined;
      this.answered(next, reply);
    } catch (error) {
      this.lose(error instanceof Error ? error.message : String(error));
    }
  }

  private answered(
    { request, circuits, sentAt }: Unanswered,
    { epoch, rev, instances, circuits: replies }: ExchangeReply,
  ): void {
    if (!this.joined) this.join();
    this.instances = Math.max(1, instances);
    if (epoch !== this.epoch) {
      // Another life: what it knows is to be compared with what is known here.
      if (this.epoch !== undefined) this.compareAll();
      this.epoch = epoch;
      this.rev = rev;
    }
    this.revAnswered = rev;
    request.circuits.forEach((report, index) => {
      const reply = replies[index];
      if (reply !== undefined) {
        circuits[index]!.answered(report, reply, sentAt);
      }
    });
  }

  private join(): void {
    this.joined = true;
    this.isStarting = false;
    this.reason = null;
    this.deps.logger.log(
      `Fleet "${this.settings.namespace}": joined, circuits are shared.`,
    );
  }

  private lose(reason: string): void {
    const isNews = this.joined || this.isStarting;
    // A connection takes a moment to be made: no reason to tell.
    const now = this.now();
    if (this.isStarting && now - this.startedAt < START_WITHIN_MS) return;
    this.isStarting = false;
    this.joined = false;
    this.reason = reason;
    if (!isNews) return;
    for (const circuit of this.circuits.values()) circuit.lost();
    if (this.hasStopped) return;
    this.deps.logger.warn(
      `Fleet "${this.settings.namespace}": the store is out of reach (${reason}). Each circuit decides alone until it is back.`,
    );
  }

  /** What nobody answers for long is of another time: its counts are dropped, orders are told anew. */
  private giveUpOld(): void {
    const { unanswered } = this;
    if (unanswered === undefined) return;
    if (this.now() - unanswered.sentAt <= RESEND_FOR_MS) return;
    this.unanswered = undefined;
    unanswered.request.circuits.forEach((report, index) => {
      unanswered.circuits[index]!.abandoned(report);
    });
  }

  /** Missed announcements are noticed by their number; all is compared once in a while, which keeps it alive at the store. */
  private refresh(): void {
    const { settings } = this;
    const now = this.now();
    if (this.rev !== undefined && this.rev < this.revAnswered) {
      this.rev = this.revAnswered;
      this.compareAll();
    }
    if (now - this.lastRefreshAt >= settings.ttl / 3) {
      this.lastRefreshAt = now;
      this.compareAll();
    }
  }

  private compareAll(): void {
    for (const circuit of this.circuits.values()) circuit.compare();
  }

  private compose({ leaving }: { leaving?: true }): Unanswered {
    const { settings, deps } = this;
    const table = new RuleTable(settings.window);
    const reports: CircuitReport[] = [];
    const circuits: FleetCircuit[] = [];
    // Whoever found no room is first the next time.
    const all = [...this.circuits.values()];
    const first = this.turn % Math.max(1, all.length);
    let looked = 0;
    for (; looked < all.length && reports.length < MOST_CIRCUITS; looked++) {
      const circuit = all[(first + looked) % all.length]!;
      const report = circuit.collect();
      if (report === undefined) continue;
      const rules = table.indexOf(circuit.circuit.rules);
      reports.push({ ...report, rules });
      circuits.push(circuit);
    }
    if (looked < all.length) this.turn = first + looked;
    const isEmpty = reports.length === 0;
    return {
      circuits,
      sentAt: this.now(),
      request: {
        instance: this.instance,
        seq: ++this.seq,
        epoch: deps.newId(),
        quorum: settings.quorum,
        aliveFor: settings.pollInterval * ALIVE_POLLS,
        claimFor: CLAIM_FOR_MS,
        ttl: settings.ttl,
        ...(leaving && { leaving }),
        rules: isEmpty ? [] : table.rules,
        circuits: reports,
      },
    };
  }
}
