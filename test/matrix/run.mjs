/**
 * Tries the packed package in users' projects.
 *
 *   node test/matrix/run.mjs            every project, platform and Node version
 *   node test/matrix/run.mjs --stock    the stock projects of Nest 11 and 12 on this Node
 *   node test/matrix/run.mjs --only nest11
 *   node test/matrix/run.mjs --keep     leaves the projects where they are
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { nodeBinaries } from './node-binaries.mjs';
import { BARE, PROJECTS, STOCK, TABLES } from './projects.mjs';
import { installBare } from './install-bare.mjs';
import { installProject, pack } from './install-project.mjs';
import { installTable, runTable } from './install-table.mjs';
import { tryApplication } from './try-application.mjs';
import { run } from './run-command.mjs';

const { values } = parseArgs({
  options: {
    stock: { type: 'boolean', default: false },
    only: { type: 'string', default: '' },
    keep: { type: 'boolean', default: false },
  },
});
const chosen = projects =>
  projects.filter(({ name }) => name.includes(values.only));
const root = await mkdtemp(join(tmpdir(), 'nestjs-breaker-matrix-'));
const started = performance.now();
const failures = [];
let passed = 0;

/** @returns {Promise<boolean>} whether what stands on it can be tried */
async function check(title, attempt) {
  try {
    await attempt();
    passed++;
    console.log(`✓ ${title}`);
    return true;
  } catch (error) {
    failures.push(title);
    console.log(
      `✗ ${title}\n${error instanceof Error ? error.message : error}`,
    );
    return false;
  }
}

try {
  const tarball = await pack(resolve(import.meta.dirname, '../..'), root);
  const nodes = values.stock
    ? [{ version: process.version, path: process.execPath }]
    : await nodeBinaries(root);
  for (const project of chosen(values.stock ? STOCK : PROJECTS)) {
    const folder = join(root, project.name);
    const isThere = await check(
      `${project.name}: installs and builds with types`,
      () => installProject(project, folder, tarball),
    );
    if (!isThere) continue;
    for (const { version, path } of nodes) {
      await check(`${project.name}, Node ${version}: its own npm test`, () =>
        run('npm', ['test'], { cwd: folder, node: path }),
      );
      await check(`${project.name}, Node ${version}: every entry point`, () =>
        run(path, ['entries.mjs'], { cwd: folder, node: path }),
      );
      for (const platform of ['express', 'fastify']) {
        await check(
          `${project.name}, Node ${version}, ${platform}: the application`,
          () => tryApplication(folder, path, platform),
        );
      }
    }
  }
  for (const project of chosen(BARE)) {
    const folder = join(root, project.name);
    const isThere = await check(`${project.name}: installs`, () =>
      installBare(project, folder, tarball),
    );
    if (!isThere) continue;
    for (const { version, path } of nodes) {
      for (const file of ['esm.mjs', 'cjs.cjs']) {
        await check(
          `${project.name}, Node ${version}, ${file}: no optional peer`,
          () => run(path, [file], { cwd: folder, node: path }),
        );
      }
    }
  }
  for (const table of values.stock ? [] : chosen(TABLES)) {
    const folder = join(root, table.name);
    const isThere = await check(`${table.name}: installs`, () =>
      installTable(table, folder, tarball),
    );
    if (!isThere) continue;
    for (const { version, path } of nodes) {
      for (const format of table.formats) {
        await check(
          `${table.name}, Node ${version}, ${format}: every way in`,
          () => runTable(folder, path, format),
        );
      }
    }
  }
} finally {
  if (values.keep) console.log(`kept: ${root}`);
  else await rm(root, { recursive: true, force: true });
}

const minutes = ((performance.now() - started) / 60_000).toFixed(1);
console.log(`${passed} passed, ${failures.length} failed, ${minutes} min`);
for (const title of failures) console.log(`✗ ${title}`);
process.exitCode = failures.length === 0 && passed > 0 ? 0 : 1;
