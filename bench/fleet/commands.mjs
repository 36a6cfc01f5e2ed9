import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { pause } from './library.mjs';
import { commandCalls, startServer } from './server.mjs';

const PROCESSES = 8;
const CIRCUITS = 100;
const SECONDS = 5;

/** Commands a second at Redis, for more and more calls. */
export async function measureCommands() {
  const server = await startServer();
  const file = fileURLToPath(new URL('caller.mjs', import.meta.url));
  const children = Array.from({ length: PROCESSES }, () =>
    fork(file, [String(server.port), String(CIRCUITS)]),
  );
  await Promise.all(children.map(child => once(child, 'message')));
  await pause(2_000);
  console.log(`\n${PROCESSES} processes × ${CIRCUITS} circuits, flush 100 ms`);
  for (const rate of [0, 100, 1_000, 10_000]) {
    for (const child of children) child.send({ rate });
    await pause(1_000);
    await server.redis.call('CONFIG', 'RESETSTAT');
    const cpu = await cpuSeconds(server.redis);
    for (const child of children) child.send({ rate });
    await pause(SECONDS * 1_000);
    const {
      evalsha = 0,
      eval: evals = 0,
      ...inside
    } = await commandCalls(server.redis);
    const busy = (await cpuSeconds(server.redis)) - cpu;
    const answers = await Promise.all(
      children.map(async child => {
        const answer = once(child, 'message');
        child.send({});
        return (await answer)[0];
      }),
    );
    const calls = answers.reduce((sum, { made }) => sum + made, 0);
    const operations = Object.values(inside).reduce(
      (sum, each) => sum + each,
      0,
    );
    console.log(
      `  asked for ${String(rate).padStart(6)} calls/s each, made ${Math.round(calls / SECONDS).toLocaleString('en')} calls/s in all:`,
      `${((evalsha + evals) / SECONDS).toFixed(1)} commands/s,`,
      `${Math.round(operations / SECONDS)} operations/s inside the script, server ${((busy / SECONDS) * 100).toFixed(1)} % of a core`,
    );
  }
  for (const child of children) child.kill('SIGKILL');
  server.stop();
}

async function cpuSeconds(redis) {
  const info = await redis.info('cpu');
  return [...info.matchAll(/used_cpu_(?:sys|user):([\d.]+)/g)].reduce(
    (sum, [, seconds]) => sum + Number(seconds),
    0,
  );
}
