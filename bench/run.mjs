import { parseArgs } from 'node:util';
import { CASES } from './cases/index.mjs';
import { runWorker } from './run-worker.mjs';
import { median, spread } from './statistics.mjs';

const { values: flags } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    only: { type: 'string', default: '' },
    node: { type: 'string', default: process.execPath },
    package: { type: 'string' },
    against: { type: 'string' },
  },
});

const repeats = flags.quick ? 3 : 7;
const pace = flags.quick
  ? { warmUpMs: 150, roundMs: 10, rounds: 20 }
  : { warmUpMs: 300, roundMs: 20, rounds: 40 };

const pattern = new RegExp(flags.only, 'i');
for (const { name, subjects } of CASES.filter(each =>
  pattern.test(each.name),
)) {
  const rows = new Map();
  for (let repeat = 0; repeat < repeats; repeat++) {
    for (const subject of subjects) {
      const builds = [[subject, flags.package]];
      if (subject === 'nestjs-breaker' && flags.against)
        builds.push(['(against)', flags.against]);
      for (const [label, folder] of builds) {
        const series = await runWorker(
          flags.node,
          { name, subject, pace },
          folder ? { BENCH_PACKAGE: folder } : {},
        );
        const differences = series.protected.map(
          (ns, i) => ns - series.bare[i],
        );
        const row = rows.get(label) ?? { medians: [], all: [], bare: [] };
        rows.set(label, row);
        row.medians.push(median(differences));
        row.all.push(...differences);
        row.bare.push(median(series.bare));
      }
    }
  }
  console.log(
    `\n${name} (overhead in ns over a bare await, median of ${repeats} processes [quartiles of all rounds])`,
  );
  for (const [label, { medians, all, bare }] of rows) {
    const { low, high } = spread(all);
    console.log(
      `  ${label.padEnd(16)} ${median(medians).toFixed(0).padStart(6)}  [${low.toFixed(0)}–${high.toFixed(0)}]  processes ${medians.map(m => m.toFixed(0)).join(' ')}  bare ${median(bare).toFixed(0)}`,
    );
  }
}
