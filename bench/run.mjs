// npm run bench -- [options]; what they mean is told in docs/benchmarks.md.
import { mkdirSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { judge } from './budgets.mjs';
import { CASES } from './cases/index.mjs';
import { describeMachine } from './machine.mjs';
import { NEST_CASES } from './nest/nest-cases.mjs';
import { nodeBinary } from './node-binary.mjs';
import { OURS } from './results.mjs';
import { runCase } from './run-case.mjs';
import { markdown } from './table.mjs';

const { values: flags } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    only: { type: 'string', default: '' },
    node: { type: 'string' },
    package: { type: 'string' },
    against: { type: 'string' },
  },
});

/** @type {import('./run-case.mjs').Settings} */
const settings = {
  node: nodeBinary(flags.node),
  repeats: flags.quick ? 3 : 5,
  pace: flags.quick
    ? { warmUpCalls: 200_000, roundMs: 10, rounds: 20 }
    : { warmUpCalls: 500_000, roundMs: 20, rounds: 40 },
  requests: flags.quick
    ? { repeats: 5, rounds: 4, warmUp: 40_000 }
    : { repeats: 8, rounds: 4, warmUp: 40_000 },
  builds: {
    [OURS]: flags.package ? { BENCH_PACKAGE: flags.package } : {},
    ...(flags.against && {
      [`${OURS} (against)`]: { BENCH_PACKAGE: flags.against },
    }),
  },
};
const pattern = new RegExp(flags.only, 'i');
const chosen = [...CASES, ...NEST_CASES].filter(each =>
  pattern.test(each.name),
);

/** @type {import('./results.mjs').Run} */
const run = {
  machine: {
    ...describeMachine(settings.node),
    'processes for each figure': `${settings.repeats} of ${settings.pace.rounds} rounds`,
  },
  isWhole: !flags.quick && flags.only === '' && flags.package === undefined,
  cases: [],
  rows: [],
  budgets: [],
};
for (const found of chosen) {
  process.stderr.write(`${found.name} …\n`);
  run.cases.push({ name: found.name, about: found.about });
  run.rows.push(
    ...('run' in found
      ? await found.run(settings)
      : await runCase(found, settings)),
  );
  run.budgets = judge(run.rows);
  // After each case: a long run that is stopped has not been for nothing.
  write('latest.json');
}
if (run.isWhole) write('whole.json');
console.log(markdown(run));
if (run.rows.some(row => row.missing === 'failed')) process.exitCode = 1;

function write(/** @type {string} */ name) {
  const folder = new URL('./results/', import.meta.url);
  mkdirSync(folder, { recursive: true });
  writeFileSync(new URL(name, folder), JSON.stringify(run, null, 2));
}
