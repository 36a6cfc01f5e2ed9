import { readdirSync } from 'node:fs';
import { register } from 'node:module';
import { join, resolve } from 'node:path';
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
/** What needs servers or stores, or simulates a fleet, has tests of its own. */
const ELSEWHERE = /fleet|registry\/cache-store/;

/** Loads every test of the rooms under a folder, from their TypeScript. */
export async function loadTests(folder) {
  register('./typescript-hooks.mjs', import.meta.url);
  for (const room of ROOMS) {
    const tests = resolve(folder, 'test', room);
    for (const file of readdirSync(tests)) {
      if (!file.endsWith('.spec.ts')) continue;
      if (ELSEWHERE.test(`${room}/${file}`)) continue;
      await inFile(() => import(pathToFileURL(join(tests, file)).href));
    }
  }
}
