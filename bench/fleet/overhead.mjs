import { joinFleet, makeRegistry, pause } from './library.mjs';
import { startServer } from './server.mjs';

const CALLS = 200_000;
const ROUNDS = 31;

/** A closed call with the fleet on, beside one without, in turns. */
export async function measureOverhead() {
  const server = await startServer();
  const lone = loggedCircuit(makeRegistry());
  const registry = makeRegistry();
  const shared = loggedCircuit(registry);
  const fleet = joinFleet(registry, server.port);
  await pause(500);
  const ratios = [];
  const times = { lone: [], shared: [] };
  for (let round = -5; round < ROUNDS; round++) {
    const pair = round % 2 === 0 ? ['lone', 'shared'] : ['shared', 'lone'];
    const took = {};
    for (const which of pair) {
      took[which] = await time(which === 'lone' ? lone : shared);
      // A flush must fit in now and then.
      await pause(20);
    }
    if (round < 0) continue;
    times.lone.push(took.lone);
    times.shared.push(took.shared);
    ratios.push(took.shared / took.lone);
  }
  console.log(
    `\na closed call: ${median(times.lone).toFixed(0)} ns alone, ${median(times.shared).toFixed(0)} ns with the fleet on; ratio ${median(ratios).toFixed(3)} (median of ${ROUNDS} pairs, in turns)`,
  );
  await fleet.close();
  server.stop();
}

/** As the module makes it: its transitions are logged. */
function loggedCircuit(registry) {
  registry.on(['transition'], () => {});
  return registry.getOrCreate('dependency');
}

const answer = () => 1;

async function time(circuit) {
  const began = process.hrtime.bigint();
  for (let each = 0; each < CALLS; each++) circuit.executeSync(answer);
  return Number(process.hrtime.bigint() - began) / CALLS;
}

function median(values) {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];
}
