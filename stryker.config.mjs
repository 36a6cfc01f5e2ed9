// Few for each mutant: there are thousands, and most die of less.
process.env.PROPERTY_RUNS ??= '50';
process.env.TIMEOUT_CALLS ??= '1000';
process.env.FLEET_SEED ??= '1000';
process.env.FLEET_RUNS ??= '6';
process.env.FLEET_SEEDS ??= '2';
process.env.FLEET_PROGRAMS ??= '60';

/** @type {import('@stryker-mutator/api/core').PartialStrykerOptions} */
export default {
  mutate: ['lib/state/**/*.ts', 'lib/circuit/**/*.ts'],
  plugins: ['./test/mutation/runner.mjs', './test/mutation/reporter.mjs'],
  testRunner: 'in-process',
  coverageAnalysis: 'perTest',
  // Schemas and tables are built when a module is loaded, which is once.
  ignoreStatic: true,
  incremental: true,
  incrementalFile: 'reports/mutation/incremental.json',
  reporters: ['survivors', 'html', 'json'],
  htmlReporter: { fileName: 'reports/mutation/mutation.html' },
  jsonReporter: { fileName: 'reports/mutation/mutation.json' },
  thresholds: { high: 95, low: 90, break: 90 },
  concurrency: 1,
  // The runner itself ends tests that hang; this is for loops without an end.
  timeoutMS: 10_000,
  allowEmpty: true,
  ignorePatterns: [
    'dist',
    'bench',
    'sample-app',
    'observability',
    'reports',
    'test/browser',
    'test/matrix',
  ],
};
