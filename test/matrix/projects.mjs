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

/**
 * Projects with nothing but what the package asks for: no optional peer.
 *
 * @type {{ name: string, nest: 11 | 12 }[]}
 */
export const BARE = [
  { name: 'nest11-bare', nest: 11 },
  { name: 'nest12-bare', nest: 12 },
];

/**
 * Projects that run the repository's own table of ways in (RPC, GraphQL, gateways,
 * jobs, HTTP) on the packed package: what Nest 11 does is not what Nest 12 does.
 *
 * @typedef {object} Table
 * @property {string} name
 * @property {11 | 12} nest
 * @property {readonly ('esm' | 'cjs')[]} formats Jest cannot load Nest 12 from CommonJS
 * @property {Readonly<Record<string, string>>} packages of this Nest version
 */

/** @type {Table[]} */
export const TABLES = [
  {
    name: 'nest11-ways-in',
    nest: 11,
    formats: ['cjs', 'esm'],
    packages: {
      '@nestjs/apollo': '^13.0.0',
      '@nestjs/event-emitter': '^3.0.0',
      '@nestjs/graphql': '^13.0.0',
      '@nestjs/mercurius': '^13.0.0',
      '@nestjs/schedule': '^6.0.0',
      ioredis: '^5.11.0',
      nats: '^2.29.0',
    },
  },
  {
    name: 'nest12-ways-in',
    nest: 12,
    formats: ['esm'],
    packages: {
      '@nestjs/apollo': '^14.0.0',
      '@nestjs/event-emitter': '^12.0.0',
      '@nestjs/graphql': '^14.0.0',
      '@nestjs/mercurius': '^14.0.0',
      '@nestjs/schedule': '^12.0.0',
      ioredis: '^6.0.0',
      '@nats-io/transport-node': '~3.3.1',
    },
  },
];

/** What `npm test` has time for: the stock project of each Nest version. */
export const STOCK = PROJECTS.slice(0, 2);

/** Formatters and linters of the stock projects: nothing of ours is tried with them. */
export const UNNEEDED =
  /eslint|prettier|oxlint|mau|coverage|supertest|globals|source-map-support/;
