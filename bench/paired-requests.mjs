/**
 * Compares applications by the requests that they answer, in turns: what a wing
 * costs is less than what a machine changes by from one minute to the next.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import autocannon from 'autocannon';
import { median } from './statistics.mjs';

const ROUNDS = Number(process.env['ROUNDS'] ?? 15);
const SECONDS = 2;

/** @typedef {{ child: import('node:child_process').ChildProcess, port: number }} App */

/**
 * Starts an application that answers `GET /hello`, tells its port when it listens,
 * and its CPU time when it is sent a message.
 *
 * @param {URL} file
 * @param {Record<string, string>} env
 * @returns {Promise<App>}
 */
export async function startApp(file, env) {
  const child = fork(fileURLToPath(file), { env: { ...process.env, ...env } });
  const [{ port }] = await once(child, 'message');
  return { child, port };
}

/** @param {App} app @returns {Promise<number>} microseconds of CPU so far */
export async function cpuOf({ child }) {
  child.send({ id: 0 });
  const [{ cpu }] = await once(child, 'message');
  return cpu;
}

/** Two seconds of requests. @param {App} app */
export async function load(app) {
  const before = await cpuOf(app);
  const { requests } = await autocannon({
    url: `http://127.0.0.1:${app.port}/hello`,
    connections: 20,
    duration: SECONDS,
  });
  const cpu = (await cpuOf(app)) - before;
  return { perSecond: requests.average, cpu: cpu / requests.total };
}

/** Prints what one application answers of what another does. @param {string} title @param {App} off @param {App} on */
export async function compare(title, off, on) {
  const perSecond = [];
  const cpu = [];
  const rate = [];
  for (let round = 0; round < ROUNDS; round++) {
    // In turns, and each first as often as the other.
    const order = round % 2 === 0 ? [off, on] : [on, off];
    const told = new Map();
    for (const app of order) told.set(app, await load(app));
    const [a, b] = [told.get(off), told.get(on)];
    perSecond.push(b.perSecond / a.perSecond);
    cpu.push(a.cpu / b.cpu);
    rate.push(b.perSecond);
  }
  console.log(
    `${title.padEnd(36)} ${(100 * median(perSecond)).toFixed(1)} % of the requests/s (${median(rate).toFixed(0)}/s), by CPU a request ${(100 * median(cpu)).toFixed(1)} %`,
  );
}
