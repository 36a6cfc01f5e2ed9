import type { Circuit } from '../circuit/circuit.js';
import { addTotals, noTotals } from './figures/totals-sum.js';

/** What the registry does for the keyed circuits of one name. */
export interface KeyedCircuitsHost {
  /** How many there may be. */
  maxKeys(): number;
  /** @param how whether many keys share it */
  create(key: string, how?: { readonly isShared: boolean }): Circuit;
  /** Told of a circuit that is let go. */
  forget(circuit: Circuit): void;
  /** Told once, when a key has to share. */
  warn(): void;
}

/** The key of the circuit that those share for whom there is no room. */
export const OVERFLOW_KEY = '(overflow)';

/** How many circuits that cannot go are looked at to make room: more would make a call's cost depend on `maxKeys`. */
const MOST_LOOKS = 32;

/**
 * The circuits of one name, one for each key, as many as `maxKeys`.
 *
 * Room is made by letting go of the least recently used circuit that is closed and
 * idle: its key starts anew when it comes back. A circuit that is open, half-open,
 * forced or has calls in flight is never let go, because that would let calls
 * through to what it protects. If there is nothing to let go among those that were
 * used least recently, the key shares one more circuit with others, which caches
 * nothing: what one of them asks for is not the others' to see.
 */
export class KeyedCircuits implements Iterable<Circuit> {
  /** What the circuits had counted that were let go, so that sums never go down. */
  readonly forgottenTotals = noTotals();
  /** Least recently used first. */
  private readonly circuits = new Map<string, Circuit>();
  private latest: Circuit | undefined;
  private overflow: Circuit | undefined;

  constructor(private readonly host: KeyedCircuitsHost) {}

  /** The circuit of a key; made if there is none. */
  get(key: string): Circuit {
    if (this.latest?.key === key) return this.latest;
    let circuit = this.circuits.get(key);
    if (circuit !== undefined) {
      this.circuits.delete(key);
    } else {
      if (!this.makeRoom()) return this.share();
      circuit = this.host.create(key);
    }
    this.circuits.set(key, circuit);
    return (this.latest = circuit);
  }

  *[Symbol.iterator](): Iterator<Circuit> {
    yield* this.circuits.values();
    if (this.overflow !== undefined) yield this.overflow;
  }

  private makeRoom(): boolean {
    const { circuits } = this;
    const most = this.host.maxKeys();
    let looks = Math.min(circuits.size, MOST_LOOKS);
    for (const [key, circuit] of circuits) {
      if (circuits.size < most || looks === 0) break;
      circuits.delete(key);
      if (isIdle(circuit)) this.forget(circuit);
      else {
        // Last in line now, so that the next look is at others.
        circuits.set(key, circuit);
        looks--;
      }
    }
    this.latest = undefined;
    return circuits.size < most;
  }

  private forget(circuit: Circuit): void {
    addTotals(this.forgottenTotals, circuit.totals);
    this.host.forget(circuit);
  }

  private share(): Circuit {
    if (this.overflow === undefined) {
      this.overflow = this.host.create(OVERFLOW_KEY, { isShared: true });
      this.host.warn();
    }
    return this.overflow;
  }
}

function isIdle(circuit: Circuit): boolean {
  return circuit.state === 'closed' && circuit.pipeline.isIdle;
}
