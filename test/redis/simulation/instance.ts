import { Circuit } from '../../../lib/circuit/circuit.js';
import { Fleet } from '../../../lib/redis/fleet.js';
import type { FleetStore } from '../../../lib/redis/fleet-store.js';
import type { CircuitOptions } from '../../../lib/state/circuit-options.js';
import type { Random } from '../../support/random.js';
import type { VirtualClock } from '../../support/virtual-clock.js';
import { NAMESPACE_SETTINGS } from './settings.js';

/** Told of the probes that an instance sends under a lease. */
export interface ProbeWatch {
  began(generation: number): void;
  ended(generation: number, result: 'result' | 'neutral'): void;
}

/** One process of the fleet: a circuit, its part in the fleet, and callers. */
export class Instance {
  readonly fleet: Fleet;
  readonly circuit: Circuit;
  readonly logged: string[] = [];
  /** Calls a second. */
  rate = 0;
  private highest = 0;

  constructor(
    readonly number: number,
    store: FleetStore,
    private readonly clock: VirtualClock,
    private readonly random: Random,
    options: CircuitOptions,
  ) {
    let ids = 0;
    const log = (message: string) => void this.logged.push(message);
    this.fleet = new Fleet(NAMESPACE_SETTINGS, {
      store,
      clock,
      logger: { log, warn: log, error: log },
      random: () => random.next(),
      newId: () => `i${number}-${++ids}`,
      prepare: (circuit, { patch, renewed }) =>
        circuit.preparePatch(patch, renewed),
    });
    this.circuit = new Circuit('dependency', options, {
      clock,
      random: () => random.next(),
      logger: { warn: log, error: log },
    });
    this.fleet.attach(this.circuit);
  }

  get view() {
    return this.circuit.snapshot().shared!;
  }

  /** Lets callers come for a while. */
  step(elapsed: number, isHealthy: boolean, watch: ProbeWatch): void {
    if (this.random.chance((this.rate * elapsed) / 1000)) {
      this.call(isHealthy, watch);
    }
  }

  /** A known generation never goes back. */
  generationWentBack(): boolean {
    const { generation } = this.view;
    const wentBack = generation < this.highest;
    this.highest = Math.max(this.highest, generation);
    return wentBack;
  }

  private call(isHealthy: boolean, watch: ProbeWatch): void {
    const { random, clock, circuit } = this;
    const permit = circuit.tryAcquire();
    if (permit === undefined) return;
    const { joined, state, generation } = this.view;
    const isLeased = permit.isProbe && joined && state === 'half-open';
    if (isLeased) watch.began(generation);
    const { callDeadline } = circuit.rules.halfOpen;
    const isCancelled = random.chance(0.03);
    const hangs = !isCancelled && random.chance(isHealthy ? 0.02 : 0.2);
    const duration = hangs ? callDeadline * 3 : random.upTo(40);
    let isOver = false;
    const over = (result: 'result' | 'neutral') => {
      if (isLeased && !isOver) watch.ended(generation, result);
      isOver = true;
    };
    // A probe past its deadline counts as failed, whenever it is noticed.
    clock.schedule(callDeadline + 1, () => over('result'));
    clock.schedule(duration, () => {
      over(isCancelled ? 'neutral' : 'result');
      if (isCancelled) permit.release();
      else if (isHealthy) permit.success();
      else permit.failure(new Error('down'));
    });
  }
}
