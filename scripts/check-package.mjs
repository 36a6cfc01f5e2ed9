/**
 * Checks the package as it would be published. Build it first.
 *
 *   npm run check:package          everything; the audit asks the registry
 *   npm run check:package:quick    what needs no network and little time, as `npm test` does
 *   node scripts/check-package.mjs --only size,types
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { publint } from 'publint';
import { formatMessage } from 'publint/utils';
import {
  auditProblems,
  contentProblems,
  LIMITS,
  sizeProblems,
} from './package-rules.mjs';

const ROOT = resolve(import.meta.dirname, '..');

/** Each answers with its problems. */
const CHECKS = {
  contents: ({ files }) => contentProblems(files),
  size: packed => {
    console.log(
      `  ${kilobytes(packed.size)} packed (of ${kilobytes(LIMITS.packed)}), ${kilobytes(packed.unpackedSize)} unpacked (of ${kilobytes(LIMITS.unpacked)}), ${packed.files.length} files`,
    );
    return sizeProblems(packed);
  },
  exports: async ({ tarball }) => {
    const { messages, pkg } = await publint({
      pack: { tarball: new Uint8Array(readFileSync(tarball)).buffer },
      strict: true,
    });
    return messages.map(message => formatMessage(message, pkg));
  },
  unused: () => problemsOf('knip', ['--no-progress']),
  api: () =>
    problemsOf(process.execPath, ['scripts/api-report.mjs', '--check']),
  types: ({ tarball }) => problemsOf('attw', ['--no-color', tarball]),
  audit: () => auditProblems(run('npm', ['audit', '--json']).stdout),
};
const SLOW = ['types', 'audit'];

const { values } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    only: { type: 'string', default: Object.keys(CHECKS).join(',') },
  },
});
const chosen = values.only
  .split(',')
  .filter(name => !values.quick || !SLOW.includes(name));
const unknown = chosen.filter(name => !(name in CHECKS));
if (unknown.length > 0) throw new Error(`There is no check ${unknown}`);

const folder = mkdtempSync(join(tmpdir(), 'nestjs-breaker-package-'));
try {
  const packed = pack();
  for (const name of chosen) {
    const problems = await CHECKS[name](packed);
    console.log(`${problems.length === 0 ? '✓' : '✗'} ${name}`);
    for (const problem of problems) console.error(`  ${problem}`);
    if (problems.length > 0) process.exitCode = 1;
  }
} finally {
  rmSync(folder, { recursive: true });
}

function kilobytes(bytes) {
  return `${Math.round(bytes / 1000)} kB`;
}

function pack() {
  const { stdout } = run('npm', [
    'pack',
    '--json',
    '--ignore-scripts',
    '--pack-destination',
    folder,
  ]);
  const [packed] = JSON.parse(stdout.slice(stdout.indexOf('[')));
  return { ...packed, tarball: join(folder, basename(packed.filename)) };
}

/** What a tool has printed, if it has failed. */
function problemsOf(command, args) {
  const { status, stdout, stderr } = run(command, args);
  if (status === 0) return [];
  const printed = `${stdout}\n${stderr}`.trim();
  return (printed || `${command} ended with ${status}`).split('\n');
}

function run(command, args) {
  const { error, ...result } = spawnSync(command, args, {
    cwd: ROOT,
    encoding: 'utf8',
    env: {
      ...process.env,
      PATH: `${join(ROOT, 'node_modules/.bin')}:${process.env.PATH}`,
    },
  });
  if (error) throw error;
  return result;
}
