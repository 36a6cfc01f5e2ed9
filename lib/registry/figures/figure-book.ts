import type { CircuitEvent } from '../../state/events.js';
import type { CircuitState } from '../../state/circuit-state.js';
import type { CircuitBreakerRegistry } from '../circuit-breaker.registry.js';
import { LabelBook } from './label-book.js';
import { NameFigures, type TransitionCount } from './name-figures.js';
import { addTotals } from './totals-sum.js';

/** Changes that every circuit can make: counted from zero, so that the first one is seen as an increase. */
const ORDINARY = [
  ['closed', 'open'],
  ['open', 'half-open'],
  ['half-open', 'closed'],
  ['half-open', 'open'],
] as const;

type Transitions = Map<string, TransitionCount>;

/**
 * The figures that metrics are made from, by name. Calls are not listened to: the
 * circuits count them anyway, and what they have counted is read when somebody
 * asks. Only transitions are counted here.
 *
 * Counters never go down: what keyed circuits counted that were let go, and
 * circuits of applications that have ended, stays in the sums.
 */
export class FigureBook {
  private readonly sources = new Map<CircuitBreakerRegistry, () => void>();
  private readonly transitions = new Map<string, Transitions>();
  private readonly ended = new Map<string, NameFigures>();
  private reading: readonly NameFigures[] | undefined;

  /** @param labels how names are written */
  constructor(readonly labels: LabelBook) {}

  /** Whether no application's circuits are in it. */
  get isEmpty(): boolean {
    return this.sources.size === 0;
  }

  /**
   * Adds an application's circuits.
   *
   * @returns what takes them out again
   */
  open(registry: CircuitBreakerRegistry): () => void {
    for (const { name, machine } of registry) {
      // What happened before anybody counted, as far as it is remembered.
      for (const { from, to } of machine.history.transitions) {
        this.count(name, from, to);
      }
    }
    const stop = registry.on(['transition'], event => {
      const { name, from, to } = event as CircuitEvent<'transition'>;
      this.count(name, from, to);
    });
    this.sources.set(registry, stop);
    return () => this.close(registry);
  }

  /** The figures at this instant, one for each label. Those who ask in the same instant share one reading. */
  read(): readonly NameFigures[] {
    if (this.reading === undefined) {
      this.reading = this.readAll();
      queueMicrotask(() => (this.reading = undefined));
    }
    return this.reading;
  }

  private readAll(): NameFigures[] {
    const all = new Map<string, NameFigures>();
    for (const registry of this.sources.keys()) this.addAll(registry, all);
    for (const { name, totals } of this.ended.values()) {
      const figures = all.get(name);
      if (figures !== undefined) addTotals(figures.totals, totals);
    }
    return [...all.values()];
  }

  private addAll(
    registry: CircuitBreakerRegistry,
    all: Map<string, NameFigures>,
  ): void {
    for (const circuit of registry) {
      const label = this.labels.of(circuit.name);
      let figures = all.get(label);
      if (figures === undefined) {
        const transitions = this.transitionsOf(label).values();
        figures = new NameFigures(label, circuit.rules.mode, [...transitions]);
        all.set(label, figures);
      }
      figures.add(circuit);
      // Keyed circuits come after the one that has their name and no key.
      if (circuit.key === null) {
        const forgotten = registry.forgottenTotals(circuit.name);
        if (forgotten !== undefined) addTotals(figures.totals, forgotten);
      }
    }
  }

  private close(registry: CircuitBreakerRegistry): void {
    const stop = this.sources.get(registry);
    if (stop === undefined) return;
    stop();
    this.sources.delete(registry);
    const last = new Map<string, NameFigures>();
    this.addAll(registry, last);
    for (const [label, figures] of last) {
      const before = this.ended.get(label);
      if (before !== undefined) addTotals(figures.totals, before.totals);
      this.ended.set(label, figures);
    }
    this.reading = undefined;
  }

  private count(name: string, from: CircuitState, to: CircuitState): void {
    const transitions = this.transitionsOf(this.labels.of(name));
    const key = `${from}>${to}`;
    const known = transitions.get(key);
    if (known === undefined) transitions.set(key, { from, to, count: 1 });
    else known.count++;
  }

  private transitionsOf(label: string): Transitions {
    let transitions = this.transitions.get(label);
    if (transitions === undefined) {
      transitions = new Map(
        ORDINARY.map(([from, to]) => [`${from}>${to}`, { from, to, count: 0 }]),
      );
      this.transitions.set(label, transitions);
    }
    return transitions;
  }
}
