// One process of a benchmark: one case with one subject. Tells its result on the IPC channel.
import { CASES } from './cases/index.mjs';
import { measureTime } from './measure-time.mjs';

const { name, subject, pace } = JSON.parse(process.argv[2] ?? '{}');
const found = CASES.find(each => each.name === name);
if (found === undefined) throw new Error(`No case is called "${name}"`);

const result = await measureTime(await found.contest(subject), pace);
// Breakers may hold timers; the process ends all the same.
process.send?.(result, () => process.exit());
