import type { CircuitOptions } from '../../../lib/state/circuit-options.js';
import { randomFrom, type Random } from '../../support/random.js';
import { VirtualClock } from '../../support/virtual-clock.js';
import { Configuration, CONFIGURED_OPTIONS } from './configuration.js';
import { Instance, type ProbeWatch } from './instance.js';
import { FAIR, Network } from './network.js';
import { AGREEMENT_MS, circuitOptions } from './settings.js';

const STEP_MS = 5;
/** Enough for every promise of a step. */
const MICROTASKS = 8;

/** Probes of one generation, as the upstream sees them. */
interface Tally {
  inFlight: number;
  /** Begun, and not given back. */
  counted: number;
}

/** A whole fleet, its store, its network and the dependency, on one clock and from one seed. */
export class Simulation implements ProbeWatch {
  readonly clock = new VirtualClock();
  readonly random: Random;
  readonly network: Network;
  readonly instances: Instance[];
  private readonly options: CircuitOptions;
  private readonly configuration: Configuration;
  /** What was found wrong, in words. */
  readonly wrong: string[] = [];
  isHealthy = true;
  private readonly probes = new Map<number, Tally>();
  /** Generations of which the store has lost grants. */
  private readonly forgiven = new Set<number>();

  constructor(
    readonly seed: number,
    size?: number,
    options?: CircuitOptions,
  ) {
    this.random = randomFrom(seed);
    this.network = new Network(this.clock, this.random);
    this.options = {
      ...CONFIGURED_OPTIONS,
      ...circuitOptions(this.random),
      ...options,
    };
    this.configuration = new Configuration(this.options, this.random);
    this.instances = [];
    for (let left = size ?? this.random.pick(2, 3, 5); left > 0; left--) {
      this.addInstance();
    }
  }

  /** One more process starts. */
  addInstance(): Instance {
    const { network, clock, random, options, instances } = this;
    const number = instances.length;
    const store = network.connect(number);
    const instance = new Instance(number, store, clock, random, options);
    instances.push(instance);
    instance.fleet.start();
    return instance;
  }

  /** Days of every kind, then quiet ones; the invariants are looked at all the time. */
  async run(): Promise<string[]> {
    await this.pass(150);
    for (let day = 0; day < 6; day++) {
      this.turn();
      await this.pass(this.random.pick(60, 150, 300, 600));
      if (this.random.chance(0.3)) await this.calm();
    }
    await this.calm();
    await this.recover();
    return this.wrong;
  }

  async pass(milliseconds: number): Promise<void> {
    const end = this.clock.now() + milliseconds;
    while (this.clock.now() < end) {
      this.clock.advance(STEP_MS);
      for (const instance of this.instances) {
        instance.step(STEP_MS, this.isHealthy, this);
        if (instance.generationWentBack()) {
          this.complain(`instance ${instance.number} went back`);
        }
      }
      for (let each = 0; each < MICROTASKS; each++) await undefined;
    }
  }

  began(generation: number): void {
    const { calls, concurrency } = this.instances[0]!.circuit.rules.halfOpen;
    const tally = this.probes.get(generation) ?? { inFlight: 0, counted: 0 };
    this.probes.set(generation, tally);
    tally.inFlight++;
    tally.counted++;
    if (this.forgiven.has(generation)) return;
    if (tally.inFlight > concurrency) {
      this.complain(`${tally.inFlight} probes at once in ${generation}`);
    }
    if (tally.counted > calls) {
      this.complain(`${tally.counted} probes in ${generation}`);
    }
  }

  ended(generation: number, result: 'result' | 'neutral'): void {
    const tally = this.probes.get(generation)!;
    tally.inFlight--;
    if (result === 'neutral') tally.counted--;
  }

  /** Something happens. */
  private turn(): void {
    const { random, network, instances } = this;
    this.isHealthy = random.chance(0.5);
    for (const each of instances) each.rate = random.pick(0, 20, 100, 200);
    network.weather = random.pick(
      FAIR,
      FAIR,
      { loss: 0.1, duplication: 0.1, delay: 15 },
      { loss: 0.3, duplication: 0.3, delay: 60 },
    );
    network.isDown = random.chance(0.15);
    network.cutOff.clear();
    if (random.chance(0.25)) {
      for (const { number } of instances) {
        if (random.chance(0.5)) network.cutOff.add(number);
      }
    }
    if (random.chance(0.1)) network.store.empty();
    if (random.chance(0.1)) this.failOver(random.pick(30, 100));
    if (random.chance(0.05)) network.skew += random.pick(-400, 50);
    if (random.chance(0.1)) this.command(random.pick(...instances));
    for (const each of instances.slice(0, 2)) {
      while (random.chance(0.4)) this.configureWithin(random.upTo(200), each);
    }
  }

  /** The store as it was a moment ago takes over. */
  private failOver(behind: number): void {
    const saved = this.network.store.save();
    this.clock.schedule(behind, () => {
      this.network.store.restore(saved);
      // Grants that the replica had not seen yet can be granted again: see docs/fleet.md.
      for (const { gen } of saved.circuits.values()) this.forgiven.add(gen);
      this.network.reconnect();
    });
  }

  private configureWithin(milliseconds: number, instance: Instance): void {
    this.clock.schedule(milliseconds, () =>
      this.configuration.change(instance),
    );
  }

  private command({ circuit }: Instance): void {
    const { random } = this;
    const order = random.pick('open', 'closed', 'release', 'reset');
    if (order === 'open') circuit.forceOpen('by hand');
    else if (order === 'closed') circuit.forceClosed('by hand');
    else if (order === 'release') circuit.releaseOverride();
    else circuit.reset();
    if (random.chance(0.5)) {
      const successRateThreshold = random.pick(0.5, 0.4);
      circuit.configure({ halfOpen: { successRateThreshold } });
    }
  }

  /** With the store in reach, all agree within a poll. */
  private async calm(): Promise<void> {
    const { network, instances } = this;
    network.weather = FAIR;
    network.isDown = false;
    network.cutOff.clear();
    network.reconnect();
    await this.pass(400);
    // Nothing new happens, so that there is one thing to agree on.
    for (const each of instances) each.rate = 0;
    let before: number;
    do {
      before = network.store.revision;
      await this.pass(AGREEMENT_MS);
    } while (network.store.revision !== before);
    const views = instances.map(instance => {
      const { view, circuit } = instance;
      const { joined, state, generation, instances: alive } = view;
      if (!joined) this.complain('an instance has not joined again');
      if (alive !== instances.length) {
        this.complain(`${alive} of ${instances.length} instances are alive`);
      }
      if (state !== 'closed' && circuit.state !== state) {
        this.complain(`a circuit is ${circuit.state}, its fleet ${state}`);
      }
      const lost = this.configuration.lostBy(instance);
      if (lost !== undefined) this.complain(lost);
      const { successRateThreshold } = circuit.rules.halfOpen;
      return `${state} ${generation} ${successRateThreshold}`;
    });
    if (new Set(views).size > 1) this.complain(views.join(' | '));
  }

  /** Once the dependency is well and has callers, all circuits close. */
  private async recover(): Promise<void> {
    const { instances } = this;
    this.isHealthy = true;
    if (instances[0]!.view.state?.startsWith('forced')) {
      instances[0]!.circuit.releaseOverride();
    }
    const one = this.random.pick(...instances);
    one.rate = 60;
    await this.pass(3_000);
    for (const each of instances) each.rate = 60;
    await this.pass(1_500);
    for (const { circuit, view, number } of instances) {
      if (circuit.state !== 'closed') {
        this.complain(
          `instance ${number} is ${circuit.state}, its fleet ${view.state}`,
        );
      }
    }
  }

  private complain(what: string): void {
    this.wrong.push(`seed ${this.seed} at ${this.clock.now()} ms: ${what}`);
  }
}
