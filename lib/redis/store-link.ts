import type { CircuitLogger } from '../circuit/circuit-dependencies.js';
import type { SharedViewStatus } from '../registry/registry-coordinator.js';

/** Where the log of a fleet goes. */
export type FleetLogger = CircuitLogger & { log(message: string): void };

/** Not being connected is told after this long from the start, in milliseconds. */
const START_WITHIN_MS = 2_000;

/** Whether the store is in reach. The log is told once when it is lost, and once when it is back. */
export class StoreLink {
  joined = false;
  private reason: string | null = 'not connected yet';
  private isStarting = true;

  constructor(
    private readonly namespace: string,
    private readonly logger: FleetLogger,
    /** By the instance's clock. */
    private readonly startedAt: number,
  ) {}

  get status(): Pick<SharedViewStatus, 'joined' | 'reason'> {
    const { joined, reason } = this;
    return { joined, reason };
  }

  /** The store has answered. */
  found(): void {
    if (this.joined) return;
    this.joined = true;
    this.isStarting = false;
    this.reason = null;
    this.logger.log(`Fleet "${this.namespace}": joined, circuits are shared.`);
  }

  /**
   * The store has not answered.
   *
   * @returns whether that is news
   */
  lost(reason: string, now: number): boolean {
    const isNews = this.joined || this.isStarting;
    // A connection takes a moment to be made: no reason to tell.
    if (this.isStarting && now - this.startedAt < START_WITHIN_MS) return false;
    this.leave(reason);
    if (isNews) {
      this.logger.warn(
        `Fleet "${this.namespace}": the store is out of reach (${reason}). Each circuit decides alone until it is back.`,
      );
    }
    return isNews;
  }

  /** Nobody looks for the store any more. */
  leave(reason: string): void {
    this.isStarting = false;
    this.joined = false;
    this.reason = reason;
  }
}
