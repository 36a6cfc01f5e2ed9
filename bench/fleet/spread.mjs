import { joinFleet, makeRegistry, pause } from './library.mjs';
import { startServer } from './server.mjs';

const INSTANCES = 50;
const ROUNDS = 20;
const CIRCUIT = {
  minimumCalls: 20,
  consecutiveFailures: false,
  slowCallDuration: false,
  openDuration: 500,
  openJitter: 0,
};

/** From the deciding failure to the last of 50 instances, and the probes of one recovery. */
export async function measureSpread() {
  const server = await startServer();
  const instances = Array.from({ length: INSTANCES }, () => {
    const registry = makeRegistry();
    const fleet = joinFleet(registry, server.port);
    const circuit = registry.getOrCreate('dependency', CIRCUIT);
    return { fleet, circuit };
  });
  await until(() =>
    instances.every(({ fleet }) => fleet.status.instances === INSTANCES),
  );
  const last = [];
  const probes = [];
  for (let round = 0; round < ROUNDS; round++) {
    // Nineteen failures at one instance are not enough; the twentieth, at another, decides.
    const [one, other] = instances;
    for (let call = 0; call < 19; call++) fail(one.circuit);
    await pause(300 + Math.random() * 100);
    let openedAt = 0;
    const stops = instances.map(({ circuit }) =>
      circuit.on(['transition'], ({ to }) => {
        if (to === 'open') openedAt = performance.now();
      }),
    );
    const decided = performance.now();
    fail(other.circuit);
    await until(() =>
      instances.every(({ circuit }) => circuit.state === 'open'),
    );
    for (const stop of stops) stop();
    last.push(openedAt - decided);
    probes.push(await recover(instances));
  }
  last.sort((a, b) => a - b);
  console.log(
    `\n${INSTANCES} instances, from the deciding failure to the last one open, ${ROUNDS} rounds: median ${last[ROUNDS / 2].toFixed(0)} ms, most ${last.at(-1).toFixed(0)} ms`,
  );
  console.log(`probes in one recovery (10 permitted): ${probes.join(' ')}`);
  await Promise.all(instances.map(({ fleet }) => fleet.close()));
  server.stop();
}

function fail(circuit) {
  circuit.tryAcquire()?.failure(new Error('down'));
}

/** Callers at every instance; the dependency is well again. */
async function recover(instances) {
  let probes = 0;
  await until(() => {
    for (const { circuit } of instances) {
      const permit = circuit.tryAcquire();
      if (permit?.isProbe) {
        probes++;
        setTimeout(() => permit.success(), 5);
      } else permit?.release();
    }
    return instances.every(({ circuit }) => circuit.state === 'closed');
  });
  return probes;
}

async function until(holds) {
  for (const end = Date.now() + 20_000; !holds();) {
    if (Date.now() > end) throw new Error('not within 20 s');
    await pause(5);
  }
}
