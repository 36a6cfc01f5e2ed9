import type { CircuitOptions } from './circuit-options.js';
import type { Coordinator, Order, SharedSnapshot } from './coordinator.js';
import type { ProbeRequest } from './coordinator.js';

/**
 * A circuit's side of the seam to other instances. Without a coordinator the
 * circuit decides alone, and so it does while the coordinator throws.
 */
export class SharedView {
  private coordinator: Coordinator | undefined;

  /**
   * @param circuit who asks
   * @param report told of what the coordinator throws
   */
  constructor(
    private readonly circuit: ProbeRequest,
    private readonly report: (what: string, error: unknown) => void,
  ) {}

  /** Shares a view with other instances from now on. */
  join(coordinator: Coordinator): void {
    this.coordinator = coordinator;
  }

  /** Ends it, unless another coordinator has come since. */
  leave(coordinator: Coordinator): void {
    if (this.coordinator === coordinator) this.coordinator = undefined;
  }

  allowsProbe(): boolean {
    return this.ask(each => each.allowsProbe(this.request()), true);
  }

  /** Whether somebody else decides what the probes' results mean. */
  judgesProbes(): boolean {
    return this.ask(
      each => each.judgesProbes?.(this.request()) ?? false,
      false,
    );
  }

  /** Tells of an order, after it was done here. */
  tellOrder(order: Order): void {
    this.ask(each => each.ordered?.(order), undefined);
  }

  /** Tells of options that were changed at run time. */
  tellPatch(patch: CircuitOptions): void {
    this.ask(each => each.configured?.(patch), undefined);
  }

  /** What a snapshot tells of it. */
  describe(): SharedSnapshot | null {
    return this.ask(each => each.describe?.() ?? null, null);
  }

  /** As of now: what is asked with is nobody's to keep. */
  private request(): ProbeRequest {
    const { name, key, generation } = this.circuit;
    return { name, key, generation };
  }

  private ask<T>(question: (coordinator: Coordinator) => T, otherwise: T): T {
    const { coordinator } = this;
    if (coordinator === undefined) return otherwise;
    try {
      return question(coordinator);
    } catch (error) {
      this.report('the coordinator', error);
      return otherwise;
    }
  }
}
