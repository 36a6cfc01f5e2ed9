import { Circuit } from '../../lib/circuit/circuit.js';
import type { CircuitOptions } from '../../lib/state/circuit-options.js';
import type { CircuitEvent } from '../../lib/state/events.js';
import { VirtualClock } from './virtual-clock.js';

/** The permit of an admitted call. */
export type Permit = NonNullable<ReturnType<Circuit['tryAcquire']>>;

/** Each letter is one call: F fails, S succeeds, L succeeds slowly, I is given back. */
export type Script = string;

/** How long an `L` of a {@link Script} says that it took, in milliseconds. */
const SLOW_MS = 1_000_000;

/** A circuit on a virtual clock, with what a test of its rules does again and again. */
export class CircuitBench {
  readonly clock: VirtualClock;
  readonly circuit: Circuit;
  readonly events: CircuitEvent[] = [];
  /** One entry for each thing that the circuit logged. */
  readonly logged: unknown[][] = [];
  /** Makes the logger throw. */
  isLoggerBroken = false;
  /** What the circuit draws for its jitter. */
  random = 0;
  /** How often it drew. */
  draws = 0;

  /** Jitter is off unless the options name it, so that waits are round numbers. */
  constructor(options: CircuitOptions = {}, clock = new VirtualClock()) {
    this.clock = clock;
    const log = (...entry: unknown[]) => {
      this.logged.push(entry);
      if (this.isLoggerBroken) throw new Error('the logger is broken');
    };
    this.circuit = new Circuit(
      'bench',
      { openJitter: 0, ...options },
      {
        clock,
        random: () => {
          this.draws++;
          return this.random;
        },
        logger: { warn: log, error: log },
      },
    );
    this.circuit.events$.subscribe(event => void this.events.push(event));
  }

  get state() {
    return this.circuit.state;
  }

  get window() {
    return this.circuit.snapshot().window;
  }

  get totals() {
    return this.circuit.snapshot().totals;
  }

  get halfOpen() {
    return this.circuit.snapshot().halfOpen;
  }

  get retryAfter() {
    return this.circuit.snapshot().retryAfter;
  }

  /** The events' types so far, in order. */
  get told(): string[] {
    return this.events.map(({ type }) => type);
  }

  /** The transitions so far, each as `from>to`. */
  get transitions(): string[] {
    return this.events.flatMap(event =>
      event.type === 'transition' ? [`${event.from}>${event.to}`] : [],
    );
  }

  /** Takes a permit; the test fails if there is none. */
  acquire(): Permit {
    const permit = this.circuit.tryAcquire();
    if (permit === undefined) {
      throw new Error(`no permit: the circuit is ${this.circuit.state}`);
    }
    return permit;
  }

  /** Takes several permits. */
  acquireMany(howMany: number): Permit[] {
    return Array.from({ length: howMany }, () => this.acquire());
  }

  /** Whether a call would be refused; it is, so it counts as rejected. */
  isRefused(): boolean {
    const permit = this.circuit.tryAcquire();
    permit?.release();
    return permit === undefined;
  }

  /** Makes the script's calls one after another, each at once. */
  play(script: Script): this {
    for (const letter of script) {
      const permit = this.acquire();
      if (letter === 'F') permit.failure(new Error('down'));
      else if (letter === 'S') permit.success();
      else if (letter === 'L') permit.success(SLOW_MS);
      else permit.release();
    }
    return this;
  }

  /** Makes the script's calls and tells the state after each. */
  statesAfter(script: Script): string[] {
    return [...script].map(letter => this.play(letter).state);
  }

  advance(milliseconds: number): this {
    this.clock.advance(milliseconds);
    return this;
  }

  /** Fails until the circuit is open. */
  trip(): this {
    for (let calls = 0; this.state !== 'open'; calls++) {
      if (calls === 1_000) throw new Error('1000 failures did not trip it');
      this.play('F');
    }
    return this;
  }

  /** Opens the circuit, waits, and takes the first probe. */
  tripAndProbe(): Permit {
    this.trip();
    this.advance(this.retryAfter ?? 0);
    return this.acquire();
  }

  /** Opens the circuit, waits, and leaves it half-open with nothing in its tally. */
  tripToHalfOpen(): this {
    this.tripAndProbe().release();
    return this;
  }
}
