/**
 * `npm run test:mutation -- state` changes the code of `lib/state` in thousands of
 * small ways and sees whether a test turns red. Takes rooms of `lib/` (`state`,
 * `policies`, …) or files (`lib/state/latency.ts`); without any, every room that
 * {@link ROOMS} names. `--force` forgets what earlier runs found.
 */
import { existsSync, readFileSync } from 'node:fs';
import { Stryker } from '@stryker-mutator/core';
import { scoresOf } from './scores.mjs';
import { compare, describe, readSurvivors } from './survivors.mjs';

const ROOMS = [
  'state',
  'policies',
  'operators',
  'circuit',
  'registry',
  'protection',
  'redis',
  'errors',
  'terminus',
  'prometheus',
  'opentelemetry',
  'module',
  'dashboard',
  'testing',
];
/** Where `lib/` has the files of a room: those of the module stand in none. */
const filesOf = room =>
  room === 'module' ? 'lib/*.ts' : `lib/${room}/**/*.ts`;
/** The script at Redis is Lua in strings: `npm run test:mutation:redis` mutates that. */
const SCRIPT = '!lib/redis/script/**';
/** Runs in a browser. */
const PAGE = '!lib/dashboard/page/**';

const given = process.argv.slice(2).filter(each => !each.startsWith('--'));
const force = process.argv.includes('--force');
const missing = given.filter(
  each =>
    !ROOMS.includes(each) && !existsSync(`lib/${each}`) && !existsSync(each),
);
if (missing.length > 0) {
  console.error(`Neither a room of lib/ nor a file: ${missing.join(', ')}`);
  process.exit(2);
}

const failed = [];
for (const each of given.length > 0 ? given : ROOMS) {
  if (!(await mutate(each))) failed.push(each);
}
if (failed.length > 0) console.error(`\nNot enough: ${failed.join(', ')}`);
process.exitCode = failed.length > 0 ? 1 : 0;

/** Mutates a room or a file, prints what came of it and says whether it is enough. */
async function mutate(what) {
  const isFile = what.endsWith('.ts');
  const name = isFile ? what.replaceAll('/', '.') : what;
  const report = `reports/mutation/${name}.json`;
  process.exitCode = 0;
  // Tells the process of the tests which ones to load.
  process.env.MUTATED_ROOM = isFile ? roomOf(what) : what;
  await new Stryker({
    mutate: isFile ? [what] : [filesOf(what), SCRIPT, PAGE],
    force,
    // A room's own, so that one room's run does not forget another's.
    incrementalFile: `reports/mutation/incremental/${name}.json`,
    jsonReporter: { fileName: report },
    htmlReporter: { fileName: `reports/mutation/${name}.html` },
  }).runMutationTest();
  // Stryker says by the exit code that the score is below `thresholds.break`.
  const isEnough = !process.exitCode;

  const { files } = JSON.parse(readFileSync(report, 'utf8'));
  console.table(scoresOf(files));
  const { unexplained, outdated } = compare(files, readSurvivors());
  for (const each of unexplained) {
    console.log(`survived, and not in survivors.json: ${describe(each)}`);
  }
  for (const each of outdated) {
    console.error(
      `in survivors.json, but it did not survive: ${describe(each)}`,
    );
  }
  return isEnough && unexplained.length === 0 && outdated.length === 0;
}

function roomOf(file) {
  const [, room, ...rest] = file.split('/');
  return rest.length === 0 ? 'module' : room;
}
