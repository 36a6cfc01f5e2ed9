import { isDeepStrictEqual } from 'node:util';
import { Circuit } from '../../../lib/circuit/circuit.js';
import type { CircuitOptions } from '../../../lib/state/circuit-options.js';
import type { Random } from '../../support/random.js';
import type { Instance } from './instance.js';

/** So that parts of it fit by themselves. */
export const CONFIGURED_OPTIONS = {
  bulkhead: { maxConcurrent: 5, maxQueue: 6 },
  rateLimit: { limit: 5, interval: 50 },
} as const satisfies CircuitOptions;

/**
 * People who change options of one circuit at different instances. Each has
 * options of their own, so that whatever becomes of messages and stores the
 * outcome is one: of each option the last that its owner has said.
 */
export class Configuration {
  /** A lone circuit that was told everything. */
  private readonly reference: Circuit;

  constructor(
    options: CircuitOptions,
    private readonly random: Random,
  ) {
    const silent = { log() {}, warn() {}, error() {} };
    this.reference = new Circuit('dependency', options, { logger: silent });
  }

  /** Somebody changes something. */
  change({ circuit, number }: Instance): void {
    const patch = this.patchOf(number);
    circuit.configure(patch);
    this.reference.configure(patch);
  }

  /** What an instance has in force and should not, in words. */
  lostBy({ circuit, number }: Instance): string | undefined {
    const wanted = chosen(this.reference);
    const found = chosen(circuit);
    if (isDeepStrictEqual(found, wanted)) return undefined;
    return `instance ${number} has ${JSON.stringify(found)} instead of ${JSON.stringify(wanted)}`;
  }

  /** Two owners have parts of one option, and each has options alone. */
  private patchOf(owner: number): CircuitOptions {
    const { random } = this;
    const value = 1 + random.upTo(8);
    const maxConcurrent = value;
    if (owner === 0) {
      return random.pick<CircuitOptions>(
        { maxKeys: value },
        { rateLimit: { limit: value } } as CircuitOptions,
        { rateLimit: { limit: value } } as CircuitOptions,
        { bulkhead: false },
        { bulkhead: { maxConcurrent } },
        { bulkhead: { maxConcurrent, maxQueue: value }, maxKeys: value },
      );
    }
    if (owner === 1) {
      return random.pick<CircuitOptions>(
        { critical: random.chance(0.5) },
        { rateLimit: { interval: value } } as CircuitOptions,
        { rateLimit: { interval: `${value}s` } } as CircuitOptions,
        { window: { type: 'count', size: 10 + value } },
        { window: { type: 'count', maxAge: 800 } },
        { window: { type: 'time', duration: 400 + value } },
        { window: { type: 'time', buckets: 10 + value } },
      );
    }
    // More instances than two have nothing to say.
    return {};
  }
}

function chosen({ rules }: Circuit) {
  const { maxKeys, critical, rateLimit, bulkhead, window } = rules;
  return { maxKeys, critical, rateLimit, bulkhead, window };
}
