import { isDeepStrictEqual } from 'node:util';
import { Test } from '@nestjs/testing';
import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { callOptionsSchema } from '../../lib/circuit/call-options.js';
import {
  Circuit,
  CircuitBreaker,
  CircuitBreakerModule,
  CircuitBreakerRegistry,
  type CallOptions,
  type CircuitOptions,
} from '../../lib/index.js';
import { moduleOptionsSchema } from '../../lib/registry/module-options.js';
import { circuitOptionsSchema } from '../../lib/state/circuit-options.js';
import { injectFaults, VirtualClock } from '../../lib/testing/index.js';
import { faultOptionsSchema } from '../../lib/testing/fault-options.js';
import { RegistryBench } from '../support/registry-bench.js';
import {
  anyValue,
  fuzzSettings,
  judge,
  nearlyOptions,
  oddText,
} from './bad-input.js';

const CIRCUIT_KEYS = Object.keys(circuitOptionsSchema.shape);
const CALL_KEYS = Object.keys(callOptionsSchema.shape);
const inner = fc.oneof(
  anyValue,
  nearlyOptions([
    'type',
    'size',
    'duration',
    'buckets',
    'maxAge',
    'calls',
    'concurrency',
    'successRateThreshold',
    'callDeadline',
    'maxDuration',
    'maxConcurrent',
    'maxQueue',
    'maxWait',
    'maxHold',
    'limit',
    'interval',
    'initial',
    'multiplier',
    'attempts',
    'backoff',
    'budget',
    'staleFor',
    'freshFor',
    'key',
    'maxEntries',
    'on',
    'use',
    'preset',
  ]),
);
const circuitOptions = fc.oneof(
  { weight: 6, arbitrary: nearlyOptions(CIRCUIT_KEYS, inner) },
  { weight: 1, arbitrary: anyValue },
);
const callOptions = fc.oneof(
  { weight: 6, arbitrary: nearlyOptions(CALL_KEYS, inner) },
  { weight: 1, arbitrary: anyValue },
);

const logger = { warn() {}, error() {} };

function circuitOf(options: unknown): Circuit {
  return new Circuit('fuzz', options as CircuitOptions, {
    clock: new VirtualClock(),
    logger,
  });
}

/** A circuit that took its options does its work, whatever they are. */
async function isAlive(circuit: Circuit): Promise<void> {
  const clock = circuit.clock as VirtualClock;
  const answers = [
    circuit.execute(async () => 'fine'),
    circuit.execute(() => Promise.reject(new Error('down'))),
  ];
  for (const answer of answers) {
    const [settled] = await clock.runUntil(Promise.allSettled([answer]));
    expect(['fulfilled', 'rejected']).toContain(settled.status);
  }
  const { retryAfter } = circuit.snapshot();
  if (retryAfter !== null) expect(retryAfter).toBeGreaterThanOrEqual(0);
  expect(circuit.explain().sentence).toContain('"fuzz"');
  JSON.stringify(circuit.snapshot());
}

describe('fuzzed options', () => {
  it('of a circuit are taken, or refused with every reason', async () => {
    let taken = 0;
    let refused = 0;
    await fc.assert(
      fc.asyncProperty(circuitOptions, async options => {
        const keys = keysOf(options);
        const verdict = judge(() => circuitOf(options));
        expect(keysOf(options)).toEqual(keys);
        if ('refused' in verdict) {
          refused++;
          expect(verdict.refused.message).toMatch(/^Circuit "fuzz": /);
          return;
        }
        taken++;
        await isAlive(verdict.taken);
      }),
      fuzzSettings,
    );
    // A fuzz that is always refused, or never, tries nothing.
    expect(taken).toBeGreaterThan(0);
    expect(refused).toBeGreaterThan(0);
  });

  it('of configure change all or nothing', async () => {
    await fc.assert(
      fc.asyncProperty(
        circuitOptions,
        circuitOptions,
        async (first, second) => {
          const circuit = circuitOf({});
          judge(() => circuit.configure(first as CircuitOptions));
          const before = {
            rules: circuit.rules,
            snapshot: circuit.snapshot(),
          };
          const verdict = judge(() =>
            circuit.configure(second as CircuitOptions),
          );
          if ('refused' in verdict) {
            expect(circuit.rules).toBe(before.rules);
            expect(circuit.snapshot()).toEqual(before.snapshot);
            // What was refused is not remembered either.
            circuit.configure({});
            expect(isDeepStrictEqual(circuit.rules, before.rules)).toBe(true);
          }
          await isAlive(circuit);
        },
      ),
      fuzzSettings,
    );
  });

  it('of a call are taken, or refused before anything is counted', async () => {
    await fc.assert(
      fc.asyncProperty(callOptions, async options => {
        const circuit = circuitOf({});
        const clock = circuit.clock as VirtualClock;
        const doors = [
          () => circuit.execute(async () => 1, options as CallOptions),
          () => circuit.executeSync(() => 1, options as CallOptions),
          () => circuit.wrap(async () => 1, options as CallOptions)(),
        ];
        for (const door of doors) {
          let answer: unknown;
          try {
            answer = door();
          } catch (error) {
            expect(error).toMatchObject({
              message: expect.any(String),
            });
            continue;
          }
          await clock
            .runUntil(Promise.resolve(answer).catch(() => {}))
            .catch(() => {});
        }
        await isAlive(circuit);
      }),
      fuzzSettings,
    );
  });

  it('of forRoot are taken, or refused with every reason', () => {
    const module = fc.oneof(
      nearlyOptions(
        Object.keys(moduleOptionsSchema.shape),
        fc.oneof(
          anyValue,
          fc.dictionary(oddText, circuitOptions, { maxKeys: 2 }),
        ),
      ),
      fc
        .dictionary(oddText, circuitOptions, { maxKeys: 3 })
        .map(circuits => ({ circuits })),
      anyValue,
    );
    fc.assert(
      fc.property(module, options => {
        judge(() => CircuitBreakerModule.forRoot(options as object));
        const verdict = judge(() => new RegistryBench(options as object));
        if ('refused' in verdict) return;
        const { registry } = verdict.taken;
        for (const name of registry.names()) {
          expect(registry.get(name).name).toBe(name);
        }
        JSON.stringify(registry.snapshot());
      }),
      fuzzSettings,
    );
  });

  it('of features and decorators are taken, or stop the start with every reason', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(oddText, anyValue),
        fc.oneof(
          nearlyOptions([...CIRCUIT_KEYS, ...CALL_KEYS], inner),
          anyValue,
        ),
        fc.oneof(
          fc.array(nearlyOptions(['name', ...CIRCUIT_KEYS], inner), {
            maxLength: 2,
          }),
          anyValue,
        ),
        async (name, options, feature) => {
          class Odd {
            method(): number {
              return 1;
            }
          }
          const decorate = CircuitBreaker as (
            ...args: unknown[]
          ) => MethodDecorator;
          const descriptor = Object.getOwnPropertyDescriptor(
            Odd.prototype,
            'method',
          )!;
          decorate(name, options)(Odd.prototype, 'method', descriptor);
          Object.defineProperty(Odd.prototype, 'method', descriptor);
          const starting = Test.createTestingModule({
            imports: [
              CircuitBreakerModule.forRoot(),
              CircuitBreakerModule.forFeature(feature as []),
            ],
            providers: [Odd],
          })
            .setLogger(false as never)
            .compile();
          const [start] = await Promise.allSettled([starting]);
          if (start.status === 'fulfilled') return;
          judge(() => {
            throw start.reason;
          });
        },
      ),
      { ...fuzzSettings, numRuns: Math.ceil(fuzzSettings.numRuns / 6) },
    );
  });

  it('of a decorator are taken, or refused at the start, never at the import', () => {
    const values = fc.oneof(
      nearlyOptions([...CIRCUIT_KEYS, ...CALL_KEYS], inner),
      anyValue,
    );
    fc.assert(
      fc.property(fc.array(values, { maxLength: 2 }), given => {
        class Odd {
          method(): number {
            return 1;
          }
        }
        const decorate = CircuitBreaker as (
          ...args: unknown[]
        ) => MethodDecorator;
        const descriptor = Object.getOwnPropertyDescriptor(
          Odd.prototype,
          'method',
        )!;
        decorate(...given)(Odd.prototype, 'method', descriptor);
        // Outside of a container it passes through.
        expect(new Odd().method()).toBe(1);
      }),
      fuzzSettings,
    );
  });

  it('of injected faults are taken, or refused and nothing is injected', () => {
    fc.assert(
      fc.property(
        nearlyOptions(Object.keys(faultOptionsSchema.shape)),
        options => {
          const circuit = circuitOf({});
          const { pipeline } = circuit;
          const verdict = judge(() => injectFaults(circuit, options as object));
          if ('taken' in verdict) verdict.taken.stop();
          expect(circuit.pipeline).toBe(pipeline);
        },
      ),
      fuzzSettings,
    );
  });
});

describe('fuzzed names and keys', () => {
  it('give a circuit of just that name, or a clear error', async () => {
    await fc.assert(
      fc.asyncProperty(fc.oneof(oddText, anyValue), async name => {
        const registry = new CircuitBreakerRegistry(undefined, {
          clock: new VirtualClock(),
          logger,
        });
        for (const ask of [
          () => registry.get(name as string),
          () => registry.totals(name as string),
          () => registry.configure(name as string, {}),
          () => registry.keyed(name as string, 'key'),
        ]) {
          expect(ask).toThrow(/no circuit|got the key|declared/i);
        }
        expect(registry.find(name as string)).toBeUndefined();
        const verdict = judge(() => registry.getOrCreate(name as string));
        if ('refused' in verdict) {
          expect(registry.names()).toEqual([]);
          return;
        }
        expect(registry.names()).toEqual([name]);
        expect(registry.get(name as string)).toBe(verdict.taken);
        await expect(verdict.taken.execute(async () => 1)).resolves.toBe(1);
        JSON.stringify(registry.snapshot());
      }),
      fuzzSettings,
    );
  });

  it('give a keyed circuit of just that key, or a clear error', async () => {
    await fc.assert(
      fc.asyncProperty(fc.oneof(oddText, anyValue), async key => {
        const registry = new CircuitBreakerRegistry(undefined, {
          clock: new VirtualClock(),
          logger,
        });
        const circuit = registry.getOrCreate('fuzz');
        const answer = circuit.execute(async () => 1, {
          key: () => key as string,
        });
        if (typeof key !== 'string') {
          await expect(answer).rejects.toThrow(/a key is a string/);
          expect([...registry]).toEqual([circuit]);
          return;
        }
        await expect(answer).resolves.toBe(1);
        expect(registry.keyed('fuzz', key).key).toBe(key);
        expect(registry.keyed('fuzz', key).totals.successes).toBe(1);
        expect([...registry]).toHaveLength(2);
      }),
      fuzzSettings,
    );
  });
});

function keysOf(value: unknown): PropertyKey[] {
  return typeof value === 'object' && value !== null
    ? Reflect.ownKeys(value)
    : [];
}
