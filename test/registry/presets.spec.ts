import { describe, expect, it } from '@jest/globals';
import { builtInPresets } from '../../lib/registry/presets.js';
import type { CircuitRules } from '../../lib/state/circuit-options.js';
import { RegistryBench } from '../support/registry-bench.js';

/** What the documentation says of each. */
const SHIPPED: Record<keyof typeof builtInPresets, Partial<CircuitRules>> = {
  paymentGateway: {
    failureRateThreshold: 0.1,
    minimumCalls: 50,
    slowCallDuration: 1_000,
    openDuration: 120_000,
  },
  search: {
    failureRateThreshold: 0.5,
    slowCallDuration: 500,
    openDuration: 30_000,
  },
  analytics: {
    failureRateThreshold: 0.7,
    slowCallDuration: 5_000,
    openDuration: 10_000,
  },
  auth: {
    failureRateThreshold: 0.2,
    slowCallDuration: 500,
    openDuration: 60_000,
  },
  notification: {
    failureRateThreshold: 0.6,
    slowCallDuration: 3_000,
    openDuration: 20_000,
  },
  development: {
    failureRateThreshold: 0.8,
    minimumCalls: 5,
    openDuration: 10_000,
  },
  staging: {
    failureRateThreshold: 0.5,
    minimumCalls: 10,
    openDuration: 30_000,
  },
  production: {
    failureRateThreshold: 0.3,
    minimumCalls: 20,
    window: { type: 'count', size: 100, maxAge: 300_000 },
    slowCallDuration: 1_000,
    slowCallRateThreshold: 0.4,
    openDuration: 60_000,
    halfOpen: {
      calls: 10,
      concurrency: 3,
      successRateThreshold: 0.7,
      callDeadline: 30_000,
      maxDuration: 60_000,
    },
  },
};

describe('presets', () => {
  it.each(Object.entries(SHIPPED))('ship: %s', (preset, rules) => {
    const { registry, warnings } = new RegistryBench({
      circuits: { plain: {}, a: { preset } },
    });

    expect(registry.get('a').rules).toEqual({
      ...registry.get('plain').rules,
      ...rules,
    });
    expect(warnings).toEqual([]);
  });

  it.each(Object.entries(SHIPPED))(
    'stand over defaults that are others: %s',
    (preset, rules) => {
      const { registry } = new RegistryBench({
        defaults: {
          window: { type: 'time', duration: '10s' },
          minimumCalls: 33,
          failureRateThreshold: 0.9,
          slowCallDuration: '9s',
          slowCallRateThreshold: 0.9,
          openDuration: '99s',
          halfOpen: { calls: 9, successRateThreshold: 0.9 },
        },
        circuits: { plain: {}, a: { preset } },
      });

      expect(registry.get('a').rules).toEqual({
        ...registry.get('plain').rules,
        ...rules,
      });
    },
  );

  it('are all documented above', () => {
    expect(Object.keys(SHIPPED)).toEqual(Object.keys(builtInPresets));
  });

  it('of the user take the place of a shipped one of the same name', () => {
    const { registry } = new RegistryBench({
      presets: { search: { minimumCalls: 3 } },
      circuits: { a: { preset: 'search' } },
    });

    expect(registry.get('a').rules).toMatchObject({
      minimumCalls: 3,
      slowCallDuration: 2_000,
    });
  });

  it('in `defaults` serve every circuit that names none', () => {
    const { registry } = new RegistryBench(
      {
        defaults: { preset: 'production' },
        circuits: { a: {}, b: { preset: 'search' } },
      },
      [{ name: 'c', source: 'C.c' }],
    );

    expect(registry.get('a').rules.failureRateThreshold).toBe(0.3);
    expect(registry.get('b').rules).toMatchObject({
      failureRateThreshold: 0.5,
      slowCallRateThreshold: 0.5,
    });
    expect(registry.get('c').rules.failureRateThreshold).toBe(0.3);
  });

  it.each(['__proto__', 'constructor', 'toString'])(
    'do not exist by accident: %s',
    preset => {
      expect(() => new RegistryBench({ circuits: { a: { preset } } })).toThrow(
        /there is no such preset/,
      );
    },
  );
});
