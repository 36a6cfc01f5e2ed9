/**
 * The users' projects that the package is tried in: what `nest new` makes, with
 * the packed package in it.
 *
 * @typedef {object} Project
 * @property {string} name
 * @property {11 | 12} nest
 * @property {'jest' | 'vitest'} runner the project's own test runner
 * @property {(manifest: any) => void} adapt from the runner of the stock project to this one
 */

/** @type {Project[]} */
export const PROJECTS = [
  { name: 'nest11-cjs-jest', nest: 11, runner: 'jest', adapt() {} },
  { name: 'nest12-esm-vitest', nest: 12, runner: 'vitest', adapt() {} },
  {
    name: 'nest11-cjs-vitest',
    nest: 11,
    runner: 'vitest',
    adapt(manifest) {
      manifest.scripts.test = 'vitest run --globals';
      manifest.devDependencies.vitest = '^4.1.2';
      manifest.devDependencies['unplugin-swc'] = '^1.5.0';
      manifest.devDependencies['@swc/core'] = '^1.10.0';
    },
  },
  {
    name: 'nest12-esm-jest',
    nest: 12,
    runner: 'jest',
    adapt(manifest) {
      manifest.scripts.test =
        'node --experimental-vm-modules node_modules/jest/bin/jest.js';
      manifest.devDependencies.jest = '^30.0.0';
      manifest.devDependencies['@types/jest'] = '^30.0.0';
      manifest.devDependencies['@swc/jest'] = '^0.2.39';
      manifest.devDependencies['@swc/core'] = '^1.10.0';
      manifest.jest = {
        rootDir: 'src',
        testRegex: '.*\\.spec\\.ts$',
        extensionsToTreatAsEsm: ['.ts'],
        moduleNameMapper: { '^(\\.{1,2}/.*)\\.js$': '$1' },
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
      };
    },
  },
];

/** What `npm test` has time for: the stock project of each Nest version. */
export const STOCK = PROJECTS.slice(0, 2);

/** Formatters and linters of the stock projects: nothing of ours is tried with them. */
export const UNNEEDED =
  /eslint|prettier|oxlint|mau|coverage|supertest|globals|source-map-support/;
