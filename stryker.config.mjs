// Few of them for each mutant: there are thousands, and most die of less.
process.env.PROPERTY_RUNS ??= '100';

/** @type {import('@stryker-mutator/api/core').PartialStrykerOptions} */
export default {
  mutate: ['lib/state/**/*.ts', 'lib/circuit/**/*.ts'],
  testRunner: 'jest',
  jest: {
    configFile: 'test/mutation/jest.config.mjs',
    enableFindRelatedTests: false,
  },
  testRunnerNodeArgs: [
    '--experimental-vm-modules',
    '--no-warnings=ExperimentalWarning',
  ],
  coverageAnalysis: 'perTest',
  // Schemas and tables are built when a module is loaded: each of their mutants
  // would need every test.
  ignoreStatic: true,
  incremental: true,
  incrementalFile: 'reports/mutation/incremental.json',
  reporters: ['clear-text', 'html', 'json'],
  htmlReporter: { fileName: 'reports/mutation/mutation.html' },
  jsonReporter: { fileName: 'reports/mutation/mutation.json' },
  thresholds: { high: 95, low: 90, break: 90 },
  concurrency: 2,
  timeoutMS: 20_000,
  allowEmpty: true,
  ignorePatterns: [
    'dist',
    'docs',
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
