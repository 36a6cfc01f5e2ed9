import type { Circuit } from '../circuit/circuit.js';
import type { CircuitBreakerRegistry } from '../registry/circuit-breaker.registry.js';
import {
  viewCircuit,
  viewFigures,
  type CircuitFigures,
  type CircuitView,
} from './circuit-view.js';
import type {
  CircuitsMessage,
  FiguresMessage,
  SnapshotMessage,
} from './stream-messages.js';
import { chooseCircuits, type Roster } from './roster.js';
import type { TrafficSampler } from './traffic-sampler.js';
import type { Viewer } from './viewer.js';

/** How many may read the stream at once. */
const MOST_VIEWERS = 100;

/** The least time between two messages about changes of state, in milliseconds. */
const CHANGES_EVERY_MS = 250;
/** Figures that change by age alone are told this often, in seconds. */
const AGEING_SECONDS = 5;
const HISTORY_STEP_SECONDS = 5;

/** What readers know of a circuit. */
interface Told {
  readonly generation: number;
  counted: string;
}

/**
 * What readers of the stream are told. Each message is built once, however many
 * read it, and nothing is built while nobody reads.
 */
export class LiveFeed {
  private readonly viewers = new Set<Viewer>();
  /** What was last told of each circuit. */
  private readonly told = new Map<Circuit, Told>();
  private readonly changed = new Set<Circuit>();
  private omitted = 0;
  private ticks = 0;
  private snapshot: Buffer | undefined;
  private flushTimer: NodeJS.Timeout | undefined;
  private stopListening: (() => void) | undefined;

  /** @param about what each snapshot says beside the circuits */
  constructor(
    private readonly registry: CircuitBreakerRegistry,
    private readonly sampler: TrafficSampler,
    private readonly about: Pick<SnapshotMessage, 'instance' | 'actions'>,
  ) {}

  /** Whether one more may read. */
  get hasRoom(): boolean {
    return this.viewers.size < MOST_VIEWERS;
  }

  /** Tells a reader everything, and from then on what changes. */
  add(viewer: Viewer): void {
    if (this.viewers.size === 0) this.wake();
    this.viewers.add(viewer);
    viewer.send(this.everything());
  }

  /** The reader has gone. */
  remove(viewer: Viewer): void {
    this.viewers.delete(viewer);
    if (this.viewers.size === 0) this.sleep();
  }

  /** Everything, for a reader who knows nothing. */
  everything(): Buffer {
    return (this.snapshot ??= encode('snapshot', {
      at: Date.now(),
      ...this.about,
      fleet: this.registry.sharedView,
      circuits: Array.from(this.told.keys(), circuit => this.viewOf(circuit)),
      omitted: this.omitted,
    } satisfies SnapshotMessage));
  }

  /** A second has passed and was sampled. */
  tick(): void {
    if (this.viewers.size === 0) return;
    this.ticks++;
    this.callTheRoll();
    this.send(
      encode('figures', {
        at: Date.now(),
        fleet: this.registry.sharedView,
        figures: this.changedFigures(),
      } satisfies FiguresMessage),
    );
    for (const viewer of this.viewers) viewer.check();
  }

  /** Ends every stream: the application closes. */
  close(): void {
    for (const viewer of this.viewers) viewer.end();
    this.viewers.clear();
    this.sleep();
  }

  private wake(): void {
    for (const circuit of this.choose().circuits) this.remember(circuit);
    this.stopListening = this.registry.on(
      ['transition', 'configured'],
      (_event, circuit) => this.markChanged(circuit),
    );
  }

  private sleep(): void {
    this.stopListening?.();
    clearTimeout(this.flushTimer);
    this.flushTimer = this.stopListening = this.snapshot = undefined;
    this.told.clear();
    this.changed.clear();
  }

  private choose(): Roster {
    const roster = chooseCircuits(this.registry, this.told);
    this.omitted = roster.omitted;
    return roster;
  }

  /** Notices circuits that came or went since the last time, and tells what has changed. */
  private callTheRoll(): void {
    const here = new Set(this.choose().circuits);
    const gone = [...this.told.keys()].filter(circuit => !here.has(circuit));
    for (const circuit of gone) this.told.delete(circuit);
    for (const circuit of this.changed) {
      if (!here.has(circuit)) this.changed.delete(circuit);
    }
    for (const circuit of here) {
      // A fleet makes a wait longer, and a reset begins a window, without a transition.
      if (this.told.get(circuit)?.generation !== circuit.generation) {
        this.changed.add(circuit);
      }
    }
    // First, and by itself: a key that was let go may be back, with another circuit.
    if (gone.length > 0) this.sendCircuits([], gone);
    this.flush();
  }

  private markChanged(circuit: Circuit): void {
    this.changed.add(circuit);
    this.snapshot = undefined;
    this.flushTimer ??= setTimeout(
      () => this.callTheRoll(),
      CHANGES_EVERY_MS,
    ).unref();
  }

  private flush(): void {
    clearTimeout(this.flushTimer);
    this.flushTimer = undefined;
    if (this.changed.size === 0) return;
    const circuits = [...this.changed];
    this.changed.clear();
    for (const circuit of circuits) this.remember(circuit);
    this.sendCircuits(circuits, []);
  }

  private sendCircuits(
    circuits: readonly Circuit[],
    gone: readonly Circuit[],
  ): void {
    this.send(
      encode('circuits', {
        at: Date.now(),
        circuits: circuits.map(viewCircuit),
        removed: gone.map(({ name, key }) => ({ name, key })),
      } satisfies CircuitsMessage),
    );
  }

  private changedFigures(): CircuitFigures[] {
    const figures: CircuitFigures[] = [];
    let index = 0;
    for (const [circuit, told] of this.told) {
      index++;
      const isItsTurn = (this.ticks + index) % AGEING_SECONDS === 0;
      const counted = countedBy(circuit);
      if (
        counted === told.counted &&
        !isLive(circuit) &&
        !(isItsTurn && hasCalls(circuit))
      )
        continue;
      told.counted = counted;
      figures.push(viewFigures(circuit));
    }
    return figures;
  }

  private remember(circuit: Circuit): void {
    const { generation } = circuit;
    this.told.set(circuit, { generation, counted: countedBy(circuit) });
  }

  private viewOf(circuit: Circuit): CircuitView {
    const history = this.sampler.historyOf(circuit, HISTORY_STEP_SECONDS);
    return { ...viewCircuit(circuit), ...(history && { history }) };
  }

  private send(message: Buffer): void {
    this.snapshot = undefined;
    for (const viewer of this.viewers) viewer.send(message);
  }
}

/** A message of the stream. */
function encode(event: string, data: unknown): Buffer {
  return Buffer.from(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
}

/** All counters, for what the cache answers is no call. */
function countedBy({ totals }: Circuit): string {
  return String(Object.values(totals));
}

/** Whether figures change without a call that ends: calls in flight grow slow, and countdowns run. */
function isLive(circuit: Circuit): boolean {
  return circuit.inFlight > 0 || circuit.state !== 'closed';
}

/** Whether there may be calls in the window that age. */
function hasCalls({ totals }: Circuit): boolean {
  return totals.calls > 0;
}
