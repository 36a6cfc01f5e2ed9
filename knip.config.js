import { readFileSync } from 'node:fs';

const { exports } = JSON.parse(
  readFileSync(new URL('package.json', import.meta.url), 'utf8'),
);

/**
 * What is started by name, and so is used although nothing imports it. All else has
 * to be reached from here, or `npm run check:package` tells it.
 *
 * @type {import('knip').KnipConfig}
 */
export default {
  entry: [
    // The entry points of the package.
    ...Object.values(exports).flatMap(target =>
      typeof target === 'string'
        ? []
        : target.import.types
            .replace('./dist/esm', 'lib')
            .replace('.d.ts', '.ts'),
    ),
    // Bundled by Vite, from index.html.
    'lib/dashboard/page/main.ts',
    // Processes of the sample application.
    'sample-app/src/launcher/start.ts',
    'sample-app/src/main.ts',
    'sample-app/src/{demo,fleet}/demo.ts',
    'sample-app/src/fleet/main.ts',
    'sample-app/src/upstreams/{configuration,inventory,payment-gateway,recommendations}.ts',
    // Processes of a soak.
    'soak/src/{run,instance,upstream}.ts',
    // Commands that a page of the docs names.
    'test/mutation/write-docs.mjs',
    'bench/{dashboard,report,wings,wings-requests,wings-share}.mjs',
    // Imported under a name that is made at run time.
    'bench/loops.mjs',
    'bench/subjects/{cockatiel,hand-written,nestjs-breaker,opossum}.mjs',
    // Processes that tests and benchmarks start, what Vitest runs, what the compiler alone looks at.
    'test/redis/processes/worker.mjs',
    'test/support/{refuse-optional-peers,start-server,storm-server}.mjs',
    'test/testing/vitest/*.vitest.ts',
    'test/testing/vitest/vitest.config.mjs',
    'bench/wings-app.mjs',
    'test/types/*.ts',
  ],
  project: [
    '{lib,test,bench,scripts}/**/*.{ts,mjs}',
    'soak/src/**/*.ts',
    'sample-app/src/**/*.ts',
    // Files of users' projects; test/matrix copies them there.
    '!test/matrix/{bare,project,table}/**',
  ],
  // A type that stands in the signature of its own file's export has a name for readers.
  ignoreExportsUsedInFile: { interface: true, type: true },
  ignoreIssues: {
    // As in Jest, a name of which stands for each.
    'test/mutation/test-globals.mjs': ['duplicates'],
  },
  // Filled in where test/matrix copies the file to.
  ignoreUnresolved: [/%EXTENSION%$/],
  ignoreDependencies: [
    // Its command is run by scripts/check-package.mjs.
    '@arethetypeswrong/cli',
    // Its file is read as text and put into a page.
    'axe-core',
    // @nestjs/apollo loads it, for Express.
    '@as-integrations/express5',
    // The declarations of amqp-connection-manager import it.
    '@types/amqplib',
    // A plugin of ours, which stryker.config.mjs names; not a package.
    '@stryker-mutator/in-process-runner',
    // Belongs to @stryker-mutator/core and is not to be of another version.
    '@stryker-mutator/api',
    // Belong to jest and are not to be of another version.
    '@jest/fake-timers',
    'expect',
    'jest-each',
    'jest-mock',
  ],
  // Of the machine: servers and browsers that tests and benchmarks look for.
  ignoreBinaries: ['redis-server', 'apt-get', 'promtool', 'pgrep'],
};
