import { readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * All tests that can kill a mutant of `lib/state` and `lib/circuit`, as one file:
 * what takes time in a run for one mutant is to load the modules, and so they are
 * loaded once. Random programs come first, because they kill most.
 */
const ROOMS = ['property', 'state', 'circuit', 'policies', 'operators'];
/** Rooms of their own, with servers and stores. */
const ELSEWHERE = /fleet|shared|store|redis/;

const tests = dirname(dirname(fileURLToPath(import.meta.url)));
for (const room of ROOMS) {
  for (const file of readdirSync(join(tests, room))) {
    if (!file.endsWith('.spec.ts') || ELSEWHERE.test(file)) continue;
    await import(join(tests, room, file));
  }
}
