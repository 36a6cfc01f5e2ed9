// One process of the benchmark: one case with one subject. Its result goes to the
// parent by IPC.
import { CASES } from './cases/index.mjs';
import { NotBuilt } from './cases/case.mjs';

const { name, subject, pace } = JSON.parse(process.argv[2] ?? '{}');
const found = CASES.find(each => each.name === name);
if (found === undefined) throw new Error(`No case is called "${name}"`);

/** @type {import('./run-case.mjs').Told} */
let told;
try {
  told = { series: await found.measure(subject, pace) };
} catch (error) {
  if (!(error instanceof NotBuilt)) throw error;
  told = { missing: error.message };
}
// Some breakers hold timers; the process ends all the same.
process.send?.(told, () => process.exit());
