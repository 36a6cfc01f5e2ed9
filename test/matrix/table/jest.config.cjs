// The tests of the repository, on the installed package: FORMAT is the user's, and so the build's.
const format = process.env.FORMAT;
const isEsm = format === 'esm';

module.exports = {
  testEnvironment: 'node',
  roots: ['<rootDir>/test'],
  testMatch: ['**/*.spec.ts'],
  ...(isEsm && { extensionsToTreatAsEsm: ['.ts'] }),
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      {
        module: { type: isEsm ? 'es6' : 'commonjs' },
        jsc: {
          target: 'es2022',
          parser: { syntax: 'typescript', decorators: true },
          transform: { legacyDecorator: true, decoratorMetadata: true },
        },
      },
    ],
  },
  moduleNameMapper: {
    // What no user can import: the seam that puts the tests on a virtual clock.
    '^internal/(.*)\\.js$': `<rootDir>/node_modules/nestjs-breaker/dist/${format}/$1.js`,
    '^(\\.{1,2}/.*)\\.js$': '$1',
  },
  maxWorkers: 1,
  testTimeout: 20_000,
};
