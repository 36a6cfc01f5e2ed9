import { Cluster, type Redis } from 'ioredis';
import type { Circuit } from '../../../lib/circuit/circuit.js';
import { CircuitBreakerRegistry } from '../../../lib/registry/circuit-breaker.registry.js';
import { CircuitBreakerFleet } from '../../../lib/redis/circuit-breaker-fleet.js';
import type { CircuitBreakerFleetOptions } from '../../../lib/redis/fleet-options.js';

const CIRCUIT = {
  consecutiveFailures: 3,
  openDuration: '1m',
  openJitter: 0,
} as const;

const CALL_EVERY_MS = 5;

/** One instance of a fleet, with callers that look whether they are ever kept waiting. */
export class Member {
  /** Its callers never see a failure. */
  readonly payments: Circuit;
  /** Opened by the whole fleet before the trouble. */
  readonly search: Circuit;
  /** Fails during the trouble. */
  readonly inventory: Circuit;
  readonly logged: string[] = [];
  calls = 0;
  /** Calls that did not come back by themselves, before anything else could happen. */
  waited = 0;
  failed = 0;
  /** The most commands that ever waited on one connection at once. */
  mostQueued = 0;
  private readonly fleet: CircuitBreakerFleet;
  private readonly timer: NodeJS.Timeout;

  constructor(options: CircuitBreakerFleetOptions) {
    const log = (message: string) => void this.logged.push(message);
    const logger = { log, warn: log, error: log };
    const silent = { log() {}, warn() {}, error() {} };
    const registry = new CircuitBreakerRegistry(undefined, { logger: silent });
    this.payments = registry.getOrCreate('payments', CIRCUIT);
    this.search = registry.getOrCreate('search', CIRCUIT);
    this.inventory = registry.getOrCreate('inventory', CIRCUIT);
    const settings = {
      flushInterval: 20,
      pollInterval: 200,
      timeout: 300,
      ...options,
    };
    this.fleet = new CircuitBreakerFleet(registry, settings, logger);
    this.timer = setInterval(() => this.call(), CALL_EVERY_MS);
  }

  get joined(): boolean {
    return this.fleet.status.joined;
  }

  get instances(): number {
    return this.fleet.status.instances;
  }

  /** Lines about losing the store, and about finding it. */
  lines(): { lost: number; joined: number } {
    const count = (what: string) =>
      this.logged.filter(line => line.includes(what)).length;
    return { lost: count('out of reach'), joined: count('joined') };
  }

  /** Fails until the circuit opens here. */
  breakDown(circuit: Circuit): void {
    for (let call = 0; call < 3; call++) {
      circuit.tryAcquire()?.failure(new Error('down'));
    }
  }

  async leave(): Promise<void> {
    clearInterval(this.timer);
    await this.fleet.close();
  }

  private call(): void {
    let isOver = false;
    this.calls++;
    this.payments
      .execute(async () => 'well')
      .catch(() => this.failed++)
      .finally(() => (isOver = true));
    // All promises come first: what is not over by then waits for a timer or for the network.
    setImmediate(() => {
      if (!isOver) this.waited++;
    });
    this.mostQueued = Math.max(this.mostQueued, this.queued());
  }

  private queued(): number {
    const { commands, subscriber } = this.fleet['fleet']['deps']
      .store as unknown as Record<'commands' | 'subscriber', Redis | Cluster>;
    const clients = [commands, subscriber].flatMap(client =>
      client instanceof Cluster ? [client, ...client.nodes()] : [client],
    );
    return Math.max(...clients.map(lengthOf));
  }
}

function lengthOf(client: object): number {
  const { commandQueue, offlineQueue } = client as {
    commandQueue?: { length: number };
    offlineQueue?: { length: number };
  };
  return (commandQueue?.length ?? 0) + (offlineQueue?.length ?? 0);
}
