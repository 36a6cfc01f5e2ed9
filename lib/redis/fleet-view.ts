import type { CircuitState } from '../state/circuit-state.js';
import type { ReportedView, StoredState } from './fleet-store.js';

/** How a state of the fleet was heard of. */
export type StateSource = 'answer' | 'announcement';

/** What the fleet agrees on about one circuit, as far as this instance knows. */
export class FleetView {
  /** Before anything is known. */
  static readonly NONE = new FleetView('closed', 0, '', 0, 0, 0);

  private constructor(
    readonly state: CircuitState,
    readonly gen: number,
    readonly reason: string,
    readonly attempt: number,
    /** When an open circuit is due, by this instance's clock. */
    readonly dueAt: number,
    readonly ordered: number,
  ) {}

  static from(told: StoredState, now: number): FleetView {
    const { state, gen, reason, attempt, left, ordered } = told;
    return new FleetView(state, gen, reason, attempt, now + left, ordered);
  }

  /** Whether this is where a person put the circuit, and not what came of its calls. */
  get isOrdered(): boolean {
    return this.gen > 0 && this.ordered === this.gen;
  }

  /** Whether what was told takes this one's place. */
  isReplacedBy(told: StoredState, source: StateSource): boolean {
    if (told.gen !== this.gen) return told.gen > this.gen;
    // Answers come in order, so the store has the last word about its own generation.
    return source === 'answer' && told.state !== this.state;
  }

  /** Milliseconds until an open circuit is due. */
  left(now: number): number {
    return Math.max(0, this.dueAt - now);
  }

  /** As it is told to a store that may have lost it. */
  report(now: number): ReportedView {
    const { state, reason, attempt, ordered } = this;
    return { state, reason, attempt, left: Math.ceil(this.left(now)), ordered };
  }
}
