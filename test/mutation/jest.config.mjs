import everyTest from '../../jest.config.mjs';

/** The tests that Stryker runs for each mutant. */
export default {
  ...everyTest,
  rootDir: '../..',
  roots: ['<rootDir>/test/mutation'],
  testMatch: ['**/every.spec.ts'],
};
