import { spawnSync } from 'node:child_process';
import {
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';

const SOURCES = 'sample-app/src';
const BUILT = 'sample-app/dist/launcher/start.js';
const PACKAGE = 'dist/cjs/index.js';
const LOCK = 'sample-app/dist/build.lock';

/**
 * Compiles the sample shop against the built package, unless that was done since
 * either changed: another suite may be running it.
 *
 * @returns what the compiler complains of, empty if nothing; without dist/ that is a lot
 */
export function buildShop(): string {
  lock();
  try {
    return isUpToDate() ? '' : compile();
  } finally {
    rmSync(LOCK, { force: true });
  }
}

function compile(): string {
  const nest = 'node_modules/@nestjs/cli/bin/nest.js';
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [nest, 'build', 'sample-app'],
    { encoding: 'utf8' },
  );
  const output = stdout + stderr;
  if (status === 0 && !output.includes('error')) return '';
  rmSync(BUILT, { force: true });
  return output;
}

function isUpToDate(): boolean {
  const changedAt = readdirSync(SOURCES, { recursive: true })
    .map(file => changeOf(`${SOURCES}/${String(file)}`))
    .concat(changeOf(PACKAGE));
  return changeOf(BUILT) > Math.max(...changedAt);
}

/** When a file was last written; one that is not there always counts as changed. */
function changeOf(file: string): number {
  return (
    statSync(file, { throwIfNoEntry: false })?.mtimeMs ??
    (file === BUILT ? 0 : Infinity)
  );
}

/** Waits until no other suite compiles; a lock whose owner is gone does not count. */
function lock(): void {
  mkdirSync('sample-app/dist', { recursive: true });
  while (!tryLock()) {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 100);
  }
}

function tryLock(): boolean {
  try {
    writeFileSync(LOCK, String(process.pid), { flag: 'wx' });
    return true;
  } catch {
    if (!isOwned()) rmSync(LOCK, { force: true });
    return false;
  }
}

function isOwned(): boolean {
  try {
    const owner = Number(readFileSync(LOCK, 'utf8'));
    // Its file is empty for a moment; 0 would be this process's own group.
    if (owner > 0) process.kill(owner, 0);
    return true;
  } catch {
    return false;
  }
}
