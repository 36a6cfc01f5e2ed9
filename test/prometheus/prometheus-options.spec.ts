import { describe, expect, it } from '@jest/globals';
import { prometheusOptionsSchema } from '../../lib/prometheus/prometheus-options.js';
import { parseOptions } from '../../lib/state/parse-options.js';
import { problemsFrom } from '../support/registry-bench.js';

const parse = (options: object) =>
  parseOptions(prometheusOptionsSchema, options as never, 'the test');

describe('the options of the Prometheus metrics', () => {
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
