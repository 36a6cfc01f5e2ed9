import { describe, expect, it } from '@jest/globals';
import {
  circuitOptionsSchema,
  type CircuitOptions,
} from '../../lib/state/circuit-options.js';
import { examineOptions } from '../../lib/state/parse-options.js';

const OFF = {
  failureRateThreshold: false,
  failureCount: false,
  consecutiveFailures: false,
} as const;

describe('settings that are legal but surely wrong', () => {
  it.each<[string, CircuitOptions, string, RegExp]>([
    [
      'a minimum over the window',
      { minimumCalls: 11, window: { size: 10 } },
      'minimumCalls',
      /11 calls never fit into a window of 10, so 10 is taken/,
    ],
    [
      'a minimum that takes one call a second more than traffic can bring',
      { minimumCalls: 10_001, window: { type: 'time', duration: '1s' } },
      'minimumCalls',
      /no traffic brings 10001 calls within 1000 ms/,
    ],
    [
      'a minimum that no traffic brings before entries are too old',
      { minimumCalls: 100, window: { maxAge: 5 } },
      'minimumCalls',
      /no traffic brings 100 calls within 5 ms/,
    ],
    [
      'a failure count over the window',
      { failureCount: 11, window: { size: 10 } },
      'failureCount',
      /11 failures never fit into a window of 10/,
    ],
    [
      'every rule off',
      { ...OFF, slowCallRateThreshold: false },
      'failureRateThreshold',
      /nothing opens the circuit but forceOpen/,
    ],
    [
      'every rule off, by the duration of slow calls',
      { ...OFF, slowCallDuration: false },
      'failureRateThreshold',
      /nothing opens the circuit but forceOpen/,
    ],
    [
      'a rate of slow calls without slow calls',
      { slowCallDuration: false, slowCallRateThreshold: 0.2 },
      'slowCallRateThreshold',
      /has no effect while slowCallDuration is false/,
    ],
    [
      'a wait over its cap',
      { openDuration: '20m' },
      'openDuration',
      /1200000 ms is longer than maxOpenDuration \(600000 ms\), which caps it/,
    ],
    [
      'a growing wait that starts over its cap',
      {
        openDuration: { initial: '2s', multiplier: 2 },
        maxOpenDuration: '1s',
      },
      'openDuration',
      /2000 ms is longer/,
    ],
    [
      'an error that is both recorded and ignored',
      { recordErrors: [TypeError, RangeError], ignoreErrors: [RangeError] },
      'recordErrors',
      /ignoreErrors is stronger/,
    ],
  ])('warns about %s', (_what, options, path, message) => {
    const { warnings, output } = examineOptions(circuitOptionsSchema, options);

    expect(warnings).toEqual([
      expect.objectContaining({
        path,
        message: expect.stringMatching(message),
      }),
    ]);
    expect(output).toBeDefined();
  });

  it.each<[string, CircuitOptions]>([
    ['the defaults', {}],
    [
      'a minimum of exactly the window',
      { minimumCalls: 10, window: { size: 10 } },
    ],
    ['a small window alone', { window: { size: 5 } }],
    [
      'a failure count of exactly the window',
      { failureCount: 5, window: { size: 5 } },
    ],
    ['slow calls switched off', { slowCallDuration: false }],
    ['one rule left', { ...OFF, slowCallRateThreshold: 0.5 }],
    ...(
      [
        { failureRateThreshold: 0.5 },
        { failureCount: 5 },
        { consecutiveFailures: 5 },
      ] as const
    ).map((rule): [string, CircuitOptions] => [
      `one rule left: ${Object.keys(rule).join()}`,
      { ...OFF, slowCallDuration: false, ...rule },
    ]),
    [
      'slow calls and their rate switched off',
      { slowCallDuration: false, slowCallRateThreshold: false },
    ],
    ['a rate of slow calls', { slowCallRateThreshold: 0.2 }],
    [
      'a failure count in a time window',
      { failureCount: 1_000, window: { type: 'time' } },
    ],
    [
      'as many calls a second as traffic can bring',
      { minimumCalls: 1_000, window: { size: 1_000, maxAge: 100 } },
    ],
    [
      'as many buckets as milliseconds',
      { window: { type: 'time', duration: 50, buckets: 50 } },
    ],
    [
      'every rule off in a disabled circuit',
      { ...OFF, slowCallDuration: false, mode: 'disabled' },
    ],
    ['a wait of exactly its cap', { openDuration: '10m' }],
    ['a wait that a function decides', { openDuration: () => '1h' }],
    [
      'a time window of many calls',
      { minimumCalls: 1_000, window: { type: 'time', duration: '1s' } },
    ],
    [
      'a window without maxAge',
      { minimumCalls: 100, window: { maxAge: false } },
    ],
  ])('has nothing against %s', (_what, options) => {
    expect(examineOptions(circuitOptionsSchema, options)).toMatchObject({
      problems: [],
      warnings: [],
    });
  });

  it.each<[string, object]>([
    ['window', { minimumCalls: 3_000_001, window: 'x' }],
    ['minimumCalls', { minimumCalls: 'x', window: { size: 10 } }],
    ['minimumCalls', { minimumCalls: 'x', window: { maxAge: 1 } }],
    ['window', { failureCount: 101, window: 'x' }],
    ['mode', { ...OFF, slowCallDuration: false, mode: 'x' }],
    ['failureCount', { ...OFF, slowCallDuration: false, failureCount: 'x' }],
    [
      'slowCallDuration',
      { ...OFF, slowCallDuration: 'x', slowCallRateThreshold: false },
    ],
    [
      'slowCallRateThreshold',
      { ...OFF, slowCallDuration: false, slowCallRateThreshold: 'x' },
    ],
    [
      'slowCallRateThreshold',
      { slowCallDuration: false, slowCallRateThreshold: 'x' },
    ],
    ['maxOpenDuration', { openDuration: '20m', maxOpenDuration: 'x' }],
    ['openDuration', { openDuration: 'x', maxOpenDuration: '1s' }],
  ])(
    'holds nothing against what cannot be taken by itself: %s of %j',
    (path, options) => {
      const { problems, warnings } = examineOptions(
        circuitOptionsSchema,
        options,
      );

      expect(problems.map(problem => problem.path)).toEqual([path]);
      expect(warnings).toEqual([]);
    },
  );

  it('refuses more buckets than milliseconds', () => {
    const { problems } = examineOptions(circuitOptionsSchema, {
      window: { type: 'time', duration: 50, buckets: 51 },
    });

    expect(problems).toEqual([
      {
        at: ['window', 'buckets'],
        path: 'window.buckets',
        message: `51 buckets are more than the window's 50 milliseconds; take at most 50`,
      },
    ]);
  });

  it('takes fewer buckets by itself where none are given', () => {
    const { output } = examineOptions(circuitOptionsSchema, {
      window: { type: 'time', duration: 50 },
    });

    expect(output?.window).toEqual({ type: 'time', duration: 50, buckets: 50 });
  });

  it('caps the default minimum to a small window without a word', () => {
    const { output, warnings } = examineOptions(circuitOptionsSchema, {
      window: { size: 5 },
    });

    expect(output?.minimumCalls).toBe(5);
    expect(warnings).toEqual([]);
  });

  it('caps no minimum in a time window', () => {
    const { output } = examineOptions(circuitOptionsSchema, {
      window: { type: 'time' },
      minimumCalls: 500,
    });

    expect(output?.minimumCalls).toBe(500);
  });
});
