import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { register } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { inFile } from './test-globals.mjs';

/** The rooms whose tests look at `lib/state` and `lib/circuit`. */
const ROOMS = [
  'state',
  'circuit',
  'policies',
  'operators',
  'registry',
  'property',
];
/**
 * Rooms of `lib/` that other tests look at: whole Nest applications, which are slow,
 * and simulated fleets; but none with servers or processes of their own. A real
 * server makes tests hang by chance where the machine is busy, which kills mutants.
 * And none that freezes what the process has (`errors/changed-stack-limit`).
 */
const OTHER_TESTS = {
  registry:
    /^(registry|protection|prometheus)\/|^e2e\/(module|live-configuration)\./,
  redis:
    /^property\/fleet|^redis\/(?!script|stale-cache|fleet-processes|fleet-module)/,
  protection:
    /^(protection|errors)\/(?!changed-stack-limit)|^e2e\/(module|controllers|http-errors|other-decorators|transport-errors|hybrid|bulkhead-at-handlers)\./,
  errors: /^errors\/(?!changed-stack-limit)/,
  terminus: /^terminus\/|^e2e\/health\./,
  prometheus: /^prometheus\//,
  opentelemetry: /^opentelemetry\//,
  module: /^e2e\/(module|live-configuration)\./,
  dashboard: /^dashboard\/(?!recent-calls)/,
  testing: /^testing\/(?!vitest)/,
};
const OTHER_ROOMS = [
  'registry',
  'protection',
  'errors',
  'terminus',
  'prometheus',
  'opentelemetry',
  'e2e',
  'property',
  'redis',
  'dashboard',
  'testing',
];
/** What needs servers or stores, or simulates a fleet, has tests of its own. */
const ELSEWHERE = /fleet|registry\/cache-store/;

/** Loads every test of what is mutated, from their TypeScript. */
export async function loadTests(folder) {
  register('./typescript-hooks.mjs', import.meta.url);
  for (const file of testsOf(folder, process.env.MUTATED_ROOM)) {
    const path = join(folder, 'test', file);
    await inFile(() => import(pathToFileURL(path).href), editionOf(path));
  }
}

/** Stands in the names of a file's tests, so that a later run takes those that were changed for new ones. */
function editionOf(path) {
  return createHash('sha1')
    .update(readFileSync(path))
    .digest('hex')
    .slice(0, 8);
}

function testsOf(folder, mutated) {
  const wanted = OTHER_TESTS[mutated];
  const rooms = wanted === undefined ? ROOMS : OTHER_ROOMS;
  return rooms
    .flatMap(room =>
      readdirSync(join(folder, 'test', room)).map(file => `${room}/${file}`),
    )
    .filter(file => file.endsWith('.spec.ts'))
    .filter(file => wanted?.test(file) ?? !ELSEWHERE.test(file));
}
