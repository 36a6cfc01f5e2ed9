import { isDeepStrictEqual } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import { Circuit } from '../../lib/circuit/circuit.js';
import { Fleet } from '../../lib/redis/fleet.js';
import type { Permit } from '../../lib/state/admission.js';
import {
  NAMESPACE_SETTINGS,
  circuitOptions,
} from '../redis/simulation/settings.js';
import { randomFrom } from '../support/random.js';
import { VirtualClock } from '../support/virtual-clock.js';

const FIRST = Number(process.env['FLEET_SEED'] ?? Date.now() % 1e6);
const RUNS = Number(process.env['FLEET_PROGRAMS'] ?? 300);

/** One circuit on a clock of its own, and what is done to it. */
class Subject {
  readonly clock = new VirtualClock();
  readonly circuit: Circuit;
  readonly told: string[] = [];
  readonly fleet: Fleet | undefined;
  private readonly permits: (Permit | undefined)[] = [];

  constructor(seed: number, isInFleet: boolean) {
    const { clock } = this;
    const random = randomFrom(seed);
    const silent = { log() {}, warn() {}, error() {} };
    this.circuit = new Circuit('dependency', circuitOptions(random), {
      clock,
      random: () => random.next(),
      logger: silent,
    });
    this.circuit.events$.subscribe(({ type, generation }) => {
      this.told.push(`${type} ${generation}`);
    });
    if (!isInFleet) return;
    this.fleet = new Fleet(NAMESPACE_SETTINGS, {
      clock,
      logger: silent,
      newId: () => 'id',
      prepare: (circuit, { patch, renewed }) =>
        circuit.preparePatch(patch, renewed),
      store: {
        exchange: () => Promise.reject(new Error('gone')),
        open() {},
        close: () => Promise.resolve(),
      },
    });
    this.fleet.attach(this.circuit);
    this.fleet.start();
  }

  play(step: { do: string; of: number; ms: number }): void {
    const { circuit, clock, permits } = this;
    const permit = permits[step.of % Math.max(1, permits.length)];
    if (step.do === 'acquire') permits.push(circuit.tryAcquire());
    else if (step.do === 'advance') clock.advance(step.ms);
    else if (step.do === 'success') permit?.success();
    else if (step.do === 'failure') permit?.failure(new Error('down'));
    else if (step.do === 'release') permit?.release();
    else if (step.do === 'force') circuit.forceOpen();
    else if (step.do === 'unforce') circuit.releaseOverride();
    else circuit.reset();
  }

  get snapshot() {
    const { shared: _shared, ...snapshot } = this.circuit.snapshot();
    return snapshot;
  }
}

describe('an instance whose store is out of reach', () => {
  it(`behaves exactly as a lone circuit, in ${RUNS} programs from seed ${FIRST}`, async () => {
    for (let seed = FIRST; seed < FIRST + RUNS; seed++) {
      const random = randomFrom(seed);
      const lone = new Subject(seed, false);
      const lost = new Subject(seed, true);
      for (let step = 0; step < 150; step++) {
        const command = {
          do: random.pick(
            ...(['acquire', 'acquire', 'acquire', 'acquire'] as const),
            ...(['failure', 'failure', 'failure', 'success'] as const),
            ...(['advance', 'advance', 'release'] as const),
            random.pick('force', 'unforce', 'reset', 'advance', 'acquire'),
          ),
          of: random.upTo(1_000),
          ms: random.pick(1, 5, 20, 50, 120, 250),
        };
        lone.play(command);
        lost.play(command);
        await undefined;
        const where = `seed ${seed}, step ${step}`;
        // Compared before it is asserted, which is slow.
        if (!isDeepStrictEqual(lost.snapshot, lone.snapshot)) {
          expect({ where, ...lost.snapshot }).toEqual({
            where,
            ...lone.snapshot,
          });
        }
      }
      expect(lost.told).toEqual(lone.told);
      expect(lost.fleet!.joined).toBe(false);
    }
  }, 60_000);
});
