import { describe, expect, it } from '@jest/globals';
import { prometheusOptionsSchema } from '../../lib/prometheus/prometheus-options.js';
import { parseOptions } from '../../lib/state/parse-options.js';
import { problemsFrom } from '../support/registry-bench.js';

const parse = (options: object) =>
  parseOptions(prometheusOptionsSchema, options as never, 'the test');

describe('the options of the Prometheus metrics', () => {
  it('measure the durations, of a thousand names, where nothing is said', () => {
    const buckets = [
      0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30,
    ];
    const rules = { durations: { buckets }, maxNames: 1_000 };
    expect(parse({})).toEqual(rules);
    expect(parse({ durations: {} })).toEqual(rules);
  });

  it('take one bucket', () => {
    expect(parse({ durations: { buckets: [1] } })).toMatchObject({
      durations: { buckets: [1] },
    });
  });

  it.each([true, 5, null])(
    'refuse %p for the durations, and say what they take',
    durations => {
      expect(problemsFrom(() => parse({ durations }))).toEqual([
        expect.stringContaining('takes { buckets }, or false'),
      ]);
    },
  );

  it.each([
    ['no bucket', []],
    ['a bucket twice', [1, 1]],
    ['falling buckets', [2, 1]],
    ['a bucket at zero', [0, 1]],
    ['a bucket below zero', [-1, 1]],
    ['a bucket without end', [1, Infinity]],
  ])('refuse %s', (_, buckets) => {
    expect(problemsFrom(() => parse({ durations: { buckets } }))).toEqual([
      expect.stringContaining('each larger than the one before it'),
    ]);
  });

  it.each([[null], [{}], ['mine']])('refuse %p as a registry', registry => {
    expect(problemsFrom(() => parse({ registry }))).toEqual([
      expect.stringContaining('takes a Registry of prom-client'),
    ]);
  });

  it('refuse a name that none of them has', () => {
    expect(problemsFrom(() => parse({ maxName: 5 }))).toEqual([
      expect.stringContaining('maxName'),
    ]);
  });

  it('refuse a name that none of the durations has', () => {
    expect(
      problemsFrom(() => parse({ durations: { bucket: [1] } })),
    ).not.toEqual([]);
  });
});
