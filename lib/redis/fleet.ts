import type { Circuit } from '../circuit/circuit.js';
import type {
  RegistryCoordinator,
  SharedViewStatus,
} from '../registry/registry-coordinator.js';
import type { Clock } from '../state/clock.js';
import { FleetCircuit } from './fleet-circuit.js';
import type { FleetCircuitHost } from './fleet-circuit-host.js';
import type { FleetSettings } from './fleet-options.js';
import type {
  Announcement,
  ExchangeReply,
  ExchangeRequest,
  FleetListener,
  FleetStore,
} from './fleet-store.js';
import { OptionOwners, type PrepareOptions } from './option-owners.js';
import { ReportComposer } from './report-composer.js';

import { StoreLife } from './store-life.js';
import { StoreLink, type FleetLogger } from './store-link.js';

/** What a fleet stands on; all of it can be replaced in tests. */
export interface FleetDependencies {
  readonly store: FleetStore;
  readonly clock: Clock;
  readonly logger: FleetLogger;
  readonly random?: () => number;
  /** Names the instance and the store's lives. */
  readonly newId: () => string;
  readonly prepare: PrepareOptions;
}

/** A request whose answer is out, or was lost. */
interface Unanswered {
  readonly request: ExchangeRequest;
  /** Whose reports it has, in their order. */
  readonly tellers: readonly FleetCircuit[];
  /** When it was first sent. */
  readonly sentAt: number;
}

/** An instance counts as alive for this many polls. */
const ALIVE_POLLS = 3;

/** How long a lease can be taken up without being renewed, in milliseconds. */
const CLAIM_FOR_MS = 5_000;

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
  readonly options: OptionOwners;
  /** Instances that are alive, as of the last answer. */
  instances = 1;
  private readonly circuits = new Map<Circuit, FleetCircuit>();
  private readonly byId = new Map<string, FleetCircuit>();
  private readonly warned = new Set<string>();
  private unanswered: Unanswered | undefined;
  private exchanging: Promise<void> | undefined;
  private cancelTick: (() => void) | undefined;
  private seq = 0;
  private readonly link: StoreLink;
  private readonly life = new StoreLife();
  private readonly composer: ReportComposer;
  private lastExchangeAt = 0;
  private lastRefreshAt: number;
  private hasStopped = false;

  constructor(
    private readonly settings: FleetSettings,
    private readonly deps: FleetDependencies,
  ) {
    this.instance = deps.newId();
    this.options = new OptionOwners(deps.prepare);
    this.lastRefreshAt = deps.clock.now();
    const { namespace, window } = settings;
    this.link = new StoreLink(namespace, deps.logger, this.lastRefreshAt);
    this.composer = new ReportComposer(window);
  }

  get status(): SharedViewStatus {
    return { ...this.link.status, instances: this.instances };
  }

  get joined(): boolean {
    return this.link.joined;
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
    this.link.leave('this instance has left');
    for (const [circuit, part] of this.circuits) {
      part.lost();
      this.detach(circuit);
    }
    await this.deps.store.close();
  }

  announced(announcement: Announcement): void {
    if (!this.life.hears(announcement)) return;
    if (this.life.hear(announcement)) this.compareAll();
    const { id, what } = announcement;
    const circuit = this.byId.get(id);
    if (what === 'state') circuit?.adopt(announcement.state, 'announcement');
    else circuit?.wanted(announcement.gen);
  }

  resumed(): void {
    this.compareAll();
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
    if (next.request.circuits.length > 0 || isPollDue || !this.joined) {
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
      this.unanswered = undefined;
      this.answered(next, reply);
    } catch (error) {
      this.lose(error instanceof Error ? error.message : String(error));
    }
  }

  private answered(
    { request, tellers, sentAt }: Unanswered,
    reply: ExchangeReply,
  ): void {
    this.link.found();
    this.instances = Math.max(1, reply.instances);
    // Another life: what it knows is to be compared with what is known here.
    if (this.life.answered(reply)) this.compareAll();
    request.circuits.forEach((report, index) => {
      const answer = reply.circuits[index];
      if (answer !== undefined)
        tellers[index]!.answered(report, answer, sentAt);
    });
  }

  private lose(reason: string): void {
    if (!this.link.lost(reason, this.now())) return;
    for (const circuit of this.circuits.values()) circuit.lost();
  }

  /** What nobody answers for long is of another time: its counts are dropped, orders are told anew. */
  private giveUpOld(): void {
    const { unanswered } = this;
    if (unanswered === undefined) return;
    if (this.now() - unanswered.sentAt <= RESEND_FOR_MS) return;
    this.unanswered = undefined;
    unanswered.request.circuits.forEach((report, index) => {
      unanswered.tellers[index]!.abandoned(report);
    });
  }

  /** Missed announcements are noticed by their number; all is compared once in a while, which keeps it alive at the store. */
  private refresh(): void {
    const { settings } = this;
    const now = this.now();
    if (this.life.catchUp()) this.compareAll();
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
    const { tellers, circuits, rules } = this.composer.compose(
      this.circuits.values(),
    );
    return {
      tellers,
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
        rules,
        circuits,
      },
    };
  }
}
