// node start-server.mjs PORT COMMAND [ARGUMENT…]: ends with 0 when a server answers at the port, started by the command if need be.
// A process of its own, because a suite has to know before it declares its tests, and CommonJS cannot wait there.
import { spawn } from 'node:child_process';
import { mkdirSync, rmdirSync, statSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** How long a server may take to start. RabbitMQ is slow. */
const START_MS = 60_000;

const [port = '', command = '', ...args] = process.argv.slice(2);
const name = join(tmpdir(), `nestjs-breaker-server-${port}`);
/** Suites run side by side: one of them starts the server, the others wait for it. */
const lock = `${name}.starts`;

process.exitCode = (await answers()) || (await start()) ? 0 : 1;

async function start() {
  if (!takeLock()) return willAnswer(() => ageOfLock() < START_MS);
  try {
    let isRunning = true;
    const end = Date.now() + START_MS;
    // It outlives the suite: the next one needs it as well.
    const server = spawn(command, args, { detached: true, stdio: 'ignore' });
    server.unref();
    server.once('error', () => (isRunning = false));
    server.once('exit', () => (isRunning = false));
    const isThere = await willAnswer(() => isRunning && Date.now() < end);
    // For whoever wants to stop it: `kill -- -$(cat …)`.
    if (isThere && isRunning) writeFileSync(`${name}.pid`, `${server.pid}`);
    return isThere;
  } finally {
    rmdirSync(lock);
  }
}

function takeLock() {
  // Whoever left one so old was killed.
  if (ageOfLock() >= START_MS && ageOfLock() < Infinity) rmdirSync(lock);
  try {
    mkdirSync(lock);
    return true;
  } catch {
    return false;
  }
}

/** In milliseconds; endless without a lock. */
function ageOfLock() {
  const stats = statSync(lock, { throwIfNoEntry: false });
  return stats === undefined ? Infinity : Date.now() - stats.mtimeMs;
}

async function willAnswer(mayStill) {
  while (mayStill()) {
    if (await answers()) return true;
    await sleep(100);
  }
  return answers();
}

function answers() {
  return new Promise(resolve => {
    const socket = connect(Number(port), '127.0.0.1');
    const tell = isThere => {
      socket.destroy();
      resolve(isThere);
    };
    socket.once('connect', () => tell(true)).once('error', () => tell(false));
  });
}
