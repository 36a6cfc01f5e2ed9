// `npm run bench:fleet`, or with the names of some: commands spread stopped overhead
import { measureCommands } from './commands.mjs';
import { measureOverhead } from './overhead.mjs';
import { measureSpread } from './spread.mjs';
import { measureStopped } from './stopped.mjs';

const all = {
  commands: measureCommands,
  spread: measureSpread,
  stopped: measureStopped,
  overhead: measureOverhead,
};
const chosen = process.argv.slice(2);
for (const [name, measure] of Object.entries(all)) {
  if (chosen.length === 0 || chosen.includes(name)) await measure();
}
process.exit(0);
