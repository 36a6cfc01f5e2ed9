// Few for each mutant: there are thousands, and most die of less.
process.env.PROPERTY_RUNS ??= '50';
process.env.TIMEOUT_CALLS ??= '1000';

/** @type {import('@stryker-mutator/api/core').PartialStrykerOptions} */
export default {
  mutate: ['lib/state/**/*.ts', 'lib/circuit/**/*.ts'],
  plugins: ['./test/mutation/runner.mjs'],
  testRunner: 'in-process',
  coverageAnalysis: 'perTest',
  // Schemas and tables are built when a module is loaded, which is once.
  ignoreStatic: true,
  incremental: true,
  incrementalFile: 'reports/mutation/incremental.json',
  reporters: ['clear-text', 'html', 'json'],
  htmlReporter: { fileName: 'reports/mutation/mutation.html' },
  jsonReporter: { fileName: 'reports/mutation/mutation.json' },
  clearTextReporter: { reportTests: false },
  thresholds: { high: 95, low: 90, break: 90 },
  concurrency: 1,
  timeoutMS: 3_000,
  allowEmpty: true,
  ignorePatterns: [
    'dist',
    'bench',
    'sample-app',
    'observability',
    'reports',
    'test/browser',
    'test/e2e',
    'test/matrix',
    'test/redis',
  ],
};
