import type {
  Announcement,
  ExchangeReply,
  ExchangeRequest,
  FleetListener,
  FleetStore,
} from '../../../lib/redis/fleet-store.js';
import type { Random } from '../../support/random.js';
import type { VirtualClock } from '../../support/virtual-clock.js';
import { SimulatedStore } from '../simulated-store.js';

/** What may go wrong between instances and the store. Shares are from 0 to 1. */
export interface Weather {
  readonly loss: number;
  readonly duplication: number;
  /** Milliseconds at most; what is sent later may come earlier. */
  readonly delay: number;
}

export const FAIR: Weather = { loss: 0, duplication: 0, delay: 4 };

const TIMEOUT_MS = 100;

/** A store behind a network that loses, delays, repeats and reorders. */
export class Network {
  weather: Weather = FAIR;
  /** Instances that cannot reach the store. */
  readonly cutOff = new Set<number>();
  isDown = false;
  /** Milliseconds by which the store's clock is ahead. */
  skew = 1_700_000_000_000;
  readonly store = new SimulatedStore(message => this.announce(message));
  private readonly listeners: (FleetListener | undefined)[] = [];

  constructor(
    private readonly clock: VirtualClock,
    private readonly random: Random,
  ) {}

  /** The store as one instance sees it. */
  connect(instance: number): FleetStore {
    return {
      exchange: request => this.exchange(instance, request),
      open: listener => {
        this.listeners[instance] = listener;
        this.clock.schedule(1, () => listener.resumed());
      },
      close: () => {
        this.listeners[instance] = undefined;
        return Promise.resolve();
      },
    };
  }

  /** Connections are made anew. */
  reconnect(): void {
    for (const listener of this.listeners) listener?.resumed();
  }

  private exchange(
    instance: number,
    request: ExchangeRequest,
  ): Promise<ExchangeReply> {
    return new Promise((resolve, reject) => {
      this.clock.schedule(TIMEOUT_MS, () => reject(new Error('timed out')));
      if (this.isCut(instance)) return;
      const text = JSON.stringify(request);
      this.send(() => {
        if (this.isDown) return;
        const now = Math.floor(this.clock.now() + this.skew);
        const parsed = JSON.parse(text) as ExchangeRequest;
        const reply = this.store.exchange(parsed, now);
        if (this.isCut(instance)) return;
        this.send(() => resolve(JSON.parse(JSON.stringify(reply))));
      });
    });
  }

  private announce(message: Announcement): void {
    const text = JSON.stringify(message);
    this.listeners.forEach((_, instance) => {
      if (this.isCut(instance)) return;
      this.send(() => {
        if (this.isCut(instance)) return;
        this.listeners[instance]?.announced(JSON.parse(text) as Announcement);
      });
    });
  }

  private isCut(instance: number): boolean {
    return this.isDown || this.cutOff.has(instance);
  }

  private send(deliver: () => void): void {
    const { loss, duplication, delay } = this.weather;
    if (this.random.chance(loss)) return;
    this.clock.schedule(this.random.upTo(delay), deliver);
    if (this.random.chance(duplication)) {
      this.clock.schedule(this.random.upTo(delay * 5), deliver);
    }
  }
}
