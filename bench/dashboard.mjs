/**
 * What the dashboard costs an application whose every request goes through one of
 * 500 circuits, nobody looking and one person looking. Not part of `npm run
 * bench`: it has no peers to stand beside. Run it after a build with
 *
 *   node bench/dashboard.mjs
 */
import { get } from 'node:http';
import { compare, load, startApp } from './paired-requests.mjs';

const CIRCUITS = 500;
const APP = new URL('../test/browser/dashboard-app.mjs', import.meta.url);

/** @param {boolean} dashboard */
function start(dashboard) {
  const settings = { many: CIRCUITS, dashboard };
  return startApp(APP, { DASHBOARD_APP: JSON.stringify(settings) });
}

/** @param {import('./paired-requests.mjs').App} app */
function watch({ port }) {
  let bytes = 0;
  const request = get(`http://127.0.0.1:${port}/circuits/api/events`);
  request.on('response', response =>
    response.on('data', chunk => (bytes += chunk.length)),
  );
  return { bytes: () => bytes, stop: () => request.destroy() };
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
