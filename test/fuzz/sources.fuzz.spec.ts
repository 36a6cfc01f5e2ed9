import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { Subject } from 'rxjs';
import { Circuit } from '../../lib/index.js';
import type { LiveOptions } from '../../lib/index.js';
import { LiveConfiguration } from '../../lib/registry/live-configuration.js';
import { circuitOptionsSchema } from '../../lib/state/circuit-options.js';
import { VirtualClock } from '../../lib/testing/index.js';
import { settled } from '../support/policy-host.js';
import { RegistryBench } from '../support/registry-bench.js';
import {
  anyValue,
  fuzzSettings,
  judge,
  nearlyOptions,
  oddText,
} from './bad-input.js';

const CIRCUIT_KEYS = Object.keys(circuitOptionsSchema.shape);

/** What a document or a variable can hold. */
const json = fc.oneof(
  fc.jsonValue({ maxDepth: 2 }),
  oddText,
  fc.constantFrom<unknown>('30s', 0, -1, 1e308, 0.5, 20, true, false, null),
);

describe('fuzzed environment variables', () => {
  const words = fc.constantFrom(
    'PAYMENTS',
    'PAYMENT',
    'SEARCH',
    'OPEN',
    'DURATION',
    'INITIAL',
    'HALF_OPEN',
    'CALLS',
    'WINDOW',
    'TYPE',
    'SIZE',
    'MAX_AGE',
    'MINIMUM_CALLS',
    'MODE',
    'FAILURE_RATE_THRESHOLD',
    'CONSECUTIVE_FAILURES',
    'BULKHEAD',
    'MAX_CONCURRENT',
    'RECORD_ERRORS',
    '',
    '__PROTO__',
  );
  const variable = fc
    .tuple(
      fc.constantFrom('CIRCUIT_BREAKER', 'circuit_breaker', 'OTHER'),
      fc.array(words, { maxLength: 4 }),
    )
    .map(([prefix, rest]) => [prefix, ...rest].join('_'));
  const values = fc.oneof(
    oddText,
    fc.constantFrom('10', '0', '-1', '1e3', '30s', 'false', 'TRUE', ' 5 '),
    fc.double().map(String),
    fc.json({ maxDepth: 1 }),
  );

  it('are taken, or stop the start with every reason', () => {
    let taken = 0;
    fc.assert(
      fc.property(
        fc.dictionary(variable, values, { maxKeys: 4 }),
        fc.array(oddText, { maxLength: 2 }),
        (variables, names) => {
          const circuits = Object.fromEntries(
            ['payments', 'search', ...names].map(name => [name, {}]),
          );
          const verdict = judge(
            () => new RegistryBench({ env: {}, circuits }, [], variables),
          );
          if ('refused' in verdict) return;
          taken++;
          JSON.stringify(verdict.taken.registry.snapshot());
        },
      ),
      fuzzSettings,
    );
    expect(taken).toBeGreaterThan(0);
  });

  it('are taken word by word for the options that they name', () => {
    const leaf = fc.constantFrom(
      'OPEN_DURATION',
      'MINIMUM_CALLS',
      'MODE',
      'HALF_OPEN_CALLS',
      'WINDOW_SIZE',
      'WINDOW',
      'BULKHEAD',
      'BULKHEAD_MAX_CONCURRENT',
      'RATE_LIMIT_LIMIT',
    );
    fc.assert(
      fc.property(leaf, values, (name, value) => {
        const verdict = judge(
          () =>
            new RegistryBench({ env: {}, circuits: { payments: {} } }, [], {
              [`CIRCUIT_BREAKER_PAYMENTS_${name}`]: value,
            }),
        );
        if ('refused' in verdict) {
          expect(verdict.refused.message).toContain(
            'CIRCUIT_BREAKER_PAYMENTS_',
          );
        }
      }),
      fuzzSettings,
    );
  });

  it('are no matter for names that are none', () => {
    fc.assert(
      fc.property(anyValue, name => {
        judge(
          () =>
            new RegistryBench({ env: {} }, [
              { name: name as string, source: 'a feature', by: 'feature' },
            ]),
        );
      }),
      fuzzSettings,
    );
  });
});

describe('fuzzed configuration documents', () => {
  const document = fc.oneof(
    fc.record({
      circuits: fc.oneof(
        fc.dictionary(
          fc.oneof(fc.constantFrom('payments', 'search'), oddText),
          fc.oneof(nearlyOptions([...CIRCUIT_KEYS, 'preset'], json), json),
          { maxKeys: 3 },
        ),
        json,
      ),
    }),
    json,
    anyValue,
  );

  it('are followed for all circuits, or for none', () => {
    let followed = 0;
    fc.assert(
      fc.property(document, document, (first, second) => {
        const { registry } = new RegistryBench({
          circuits: { payments: {}, search: {} },
        });
        registry.keyed('search', 'eu');
        judge(() => registry.takeLive(first));
        const before = registry.snapshot();
        const rules = Array.from(registry, each => each.rules);
        const verdict = judge(() => registry.takeLive(second));
        if ('refused' in verdict) {
          expect(registry.snapshot()).toEqual(before);
          expect(Array.from(registry, each => each.rules)).toEqual(rules);
        } else followed++;
        expect(registry.names()).toEqual(['payments', 'search']);
      }),
      fuzzSettings,
    );
    expect(followed).toBeGreaterThan(0);
  });

  it('are logged and change nothing when they come from a source', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(document, { maxLength: 4 }), async given => {
        const { registry, clock } = new RegistryBench({
          circuits: { payments: {} },
        });
        const source = new Subject<LiveOptions>();
        const errors: string[] = [];
        const live = new LiveConfiguration(source, {
          clock,
          take: options => registry.takeLive(options),
          logger: { log() {}, error: message => void errors.push(message) },
        });
        await live.onModuleInit();
        for (const each of given) {
          const before = registry.get('payments').rules;
          const complaints = errors.length;
          source.next(each as LiveOptions);
          await settled();
          if (errors.length > complaints) {
            expect(registry.get('payments').rules).toEqual(before);
          }
        }
        // The next good one is followed all the same.
        source.next({ circuits: { payments: { minimumCalls: 7 } } });
        await settled();
        expect(registry.get('payments').rules.minimumCalls).toBe(7);
        live.onModuleDestroy();
      }),
      { ...fuzzSettings, numRuns: Math.ceil(fuzzSettings.numRuns / 3) },
    );
  });
});

describe('fuzzed Retry-After', () => {
  const value = fc.oneof(
    oddText,
    fc.constantFrom<unknown>(
      '120',
      '0',
      '-5',
      '1e9',
      '1.5',
      '99999999999999999999',
      'Fri, 31 Dec 1999 23:59:59 GMT',
      'Fri, 31 Dec 2099 23:59:59 GMT',
      'Fri, 99 Foo 9999 99:99:99 GMT',
      'Sunday, 06-Nov-94 08:49:37 GMT',
      'Sun Nov  6 08:49:37 1994',
      '2099-01-01',
    ),
    fc.nat().map(String),
    fc.date({ noInvalidDate: true }).map(date => date.toUTCString()),
    anyValue,
  );
  const name = fc.constantFrom('retry-after', 'Retry-After', 'RETRY-AFTER');
  const headers = fc.oneof(
    fc.tuple(name, value).map(([key, each]) => ({ [key]: each })),
    fc.tuple(name, value).map(([key, each]) => new Map([[key, each]])),
    value.map(each => ({ get: () => each })),
    fc.string({ maxLength: 20 }).map(text => {
      const each = new Headers();
      try {
        each.set('retry-after', text);
      } catch {
        // Not a value that a header can have.
      }
      return each;
    }),
    fc.constant({
      get() {
        throw new Error('a broken header');
      },
    }),
    anyValue,
  );
  const error = fc.oneof(
    headers.map(each => ({ status: 503, headers: each })),
    headers.map(each => ({ response: { status: 429, headers: each } })),
    headers.map(each => Object.assign(new Error('down'), { headers: each })),
    fc.constant({
      status: 503,
      get headers(): never {
        throw new Error('a broken getter');
      },
    }),
    anyValue,
  );

  it('lengthens the wait, within its limit, or changes nothing', async () => {
    let lengthened = 0;
    await fc.assert(
      fc.asyncProperty(error, async thrown => {
        const clock = new VirtualClock();
        const circuit = new Circuit(
          'fuzz',
          {
            consecutiveFailures: 1,
            openDuration: '30s',
            maxOpenDuration: '1h',
            openJitter: 0,
            // What counts as an answer of the dependency is no matter here.
            recordErrors: [() => true],
          },
          { clock, random: () => 0, logger: { warn() {}, error() {} } },
        );
        const [settledCall] = await Promise.allSettled([
          circuit.execute(() => {
            throw thrown;
          }),
        ]);
        expect(settledCall).toEqual({ status: 'rejected', reason: thrown });
        const { state, retryAfter } = circuit.snapshot();
        expect(state).toBe('open');
        expect(retryAfter).toBeGreaterThanOrEqual(30_000);
        expect(retryAfter).toBeLessThanOrEqual(3_600_000);
        if (retryAfter! > 30_000) lengthened++;
        await clock.advance(retryAfter!);
        await expect(circuit.execute(async () => 1)).resolves.toBe(1);
      }),
      fuzzSettings,
    );
    expect(lengthened).toBeGreaterThan(0);
  });
});
