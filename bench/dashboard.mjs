/**
 * What the dashboard costs an application whose every request goes through one of
 * 500 circuits, nobody looking and one person looking. Not part of `npm run
 * bench`: it has no peers to stand beside. Run it after a build with
 *
 *   node bench/dashboard.mjs
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { get } from 'node:http';
import { fileURLToPath } from 'node:url';
import autocannon from 'autocannon';
import { median } from './statistics.mjs';

const ROUNDS = Number(process.env['ROUNDS'] ?? 15);
const SECONDS = 2;
const CIRCUITS = 500;
const APP = fileURLToPath(
  new URL('../test/browser/dashboard-app.mjs', import.meta.url),
);

/** @param {boolean} dashboard */
async function start(dashboard) {
  const settings = { many: CIRCUITS, dashboard };
  const child = fork(APP, {
    env: { ...process.env, DASHBOARD_APP: JSON.stringify(settings) },
  });
  const [{ port }] = await once(child, 'message');
  return { child, port };
}

/** @typedef {Awaited<ReturnType<typeof start>>} App */

/** @param {App} app @returns {Promise<number>} microseconds of CPU so far */
async function cpuOf({ child }) {
  child.send({ id: 0 });
  const [{ cpu }] = await once(child, 'message');
  return cpu;
}

/** @param {App} app */
async function load(app) {
  const before = await cpuOf(app);
  const { requests } = await autocannon({
    url: `http://127.0.0.1:${app.port}/hello`,
    connections: 20,
    duration: SECONDS,
  });
  const cpu = (await cpuOf(app)) - before;
  return { perSecond: requests.average, cpu: cpu / requests.total };
}

/** @param {App} app */
function watch({ port }) {
  let bytes = 0;
  const request = get(`http://127.0.0.1:${port}/circuits/api/events`);
  request.on('response', response =>
    response.on('data', chunk => (bytes += chunk.length)),
  );
  return { bytes: () => bytes, stop: () => request.destroy() };
}

/** @param {string} title @param {App} off @param {App} on */
async function compare(title, off, on) {
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

const [off, again, on] = [
  await start(false),
  await start(false),
  await start(true),
];
for (const app of [off, again, on]) await load(app);
await compare('without the dashboard, again', off, again);
await compare('with it, nobody looking', off, on);
const viewer = watch(on);
const started = performance.now();
await compare('with it, one person looking', off, on);
console.log(
  `the stream of ${CIRCUITS} busy circuits: ${(viewer.bytes() / (performance.now() - started)).toFixed(0)} KB/s`,
);
viewer.stop();
for (const { child } of [off, again, on]) child.disconnect();
