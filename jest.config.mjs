/** @type {import('jest').Config} */
export default {
  testEnvironment: 'node',
  roots: ['<rootDir>/test'],
  testMatch: ['**/*.spec.ts'],
  testPathIgnorePatterns: [
    // Files of users' projects; test/matrix runs them there.
    '/test/matrix/project/',
    // Takes minutes: `npm run test:mutation:redis`.
    ...(process.env.FLEET_MUTATION === '1' ? [] : ['/test/redis/mutation/']),
  ],
  extensionsToTreatAsEsm: ['.ts'],
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      {
        module: { type: 'es6' },
        jsc: {
          target: 'es2022',
          parser: { syntax: 'typescript', decorators: true },
          transform: { legacyDecorator: true, decoratorMetadata: true },
        },
      },
    ],
  },
  moduleNameMapper: { '^(\\.{1,2}/.*)\\.js$': '$1' },
  // Eight workers are slower than two: each compiles the Nest modules anew.
  maxWorkers: 2,
  testTimeout: 20_000,
};
