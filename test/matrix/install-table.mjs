import { cp, readFile, readdir, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { run } from './run-command.mjs';

const ROOT = resolve(import.meta.dirname, '../..');

/** The suites that are about what Nest does with a call. */
const SUITES = [
  'test/e2e/ways-in.spec.ts',
  'test/e2e/transport-errors.spec.ts',
  'test/e2e/hybrid.spec.ts',
  'test/e2e/rabbitmq-consumer.spec.ts',
];

/** Nest's packages whose versions are those of Nest itself. */
const OF_NEST = [
  'common',
  'core',
  'microservices',
  'platform-express',
  'platform-fastify',
  'platform-socket.io',
  'platform-ws',
  'testing',
  'websockets',
];

/** Packages that the suites need in the repository's own versions. */
const OF_THE_REPOSITORY = [
  '@apollo/server',
  '@as-integrations/express5',
  '@as-integrations/fastify',
  '@jest/globals',
  '@swc/core',
  '@swc/jest',
  'amqp-connection-manager',
  'amqplib',
  'graphql',
  'graphql-ws',
  'jest',
  'mercurius',
  'reflect-metadata',
  'rxjs',
  'socket.io-client',
  'ws',
];

/**
 * Makes a project with the repository's end-to-end suites, which import the packed
 * package in the place of its sources.
 *
 * @param {import('./projects.mjs').Table} table
 */
export async function installTable({ nest, packages }, folder, tarball) {
  const { devDependencies } = JSON.parse(
    await readFile(join(ROOT, 'package.json'), 'utf8'),
  );
  const manifest = {
    private: true,
    dependencies: {
      'nestjs-breaker': `file:${tarball}`,
      ...Object.fromEntries(
        OF_NEST.map(name => [`@nestjs/${name}`, `^${nest}.0.0`]),
      ),
      ...Object.fromEntries(
        OF_THE_REPOSITORY.map(name => [name, devDependencies[name]]),
      ),
      ...packages,
    },
  };
  await cp(join(import.meta.dirname, 'table'), folder, { recursive: true });
  await writeFile(join(folder, 'package.json'), JSON.stringify(manifest));
  for (const path of ['test/support', ...SUITES]) {
    await cp(join(ROOT, path), join(folder, path), { recursive: true });
  }
  await importThePackage(join(folder, 'test'));
  await run('npm', ['install', '--no-audit', '--no-fund'], { cwd: folder });
}

async function importThePackage(folder) {
  const names = await readdir(folder, { recursive: true });
  for (const name of names.filter(each => each.endsWith('.ts'))) {
    const path = join(folder, name);
    const text = await readFile(path, 'utf8');
    await writeFile(
      path,
      text
        .replaceAll(/'(?:\.\.\/)+lib\/index\.js'/g, `'nestjs-breaker'`)
        .replaceAll(/'(?:\.\.\/)+lib\/(.+\.js)'/g, `'internal/$1'`),
    );
  }
}

/** @param {'esm' | 'cjs'} format */
export function runTable(folder, node, format) {
  const jest = 'node_modules/jest/bin/jest.js';
  const args =
    format === 'esm'
      ? ['--experimental-vm-modules', jest]
      : // As Nest 11 projects do. Mercurius imports what Jest then cannot load.
        [jest, '--testNamePattern', '^(?!.*GraphQL on Mercurius)'];
  return run(node, args, {
    cwd: folder,
    node,
    // A suite whose server cannot be had fails here: nothing else would tell.
    env: { FORMAT: format, CI: 'true' },
  });
}
