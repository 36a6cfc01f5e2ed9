/**
 * What the wings that watch take of a core in an application of 500 circuits
 * through which 1,000 calls a second go: so much less is left for its own work.
 * Told by CPU time at a rate that stays the same, which neighbours change less
 * than requests per second. Metrics are scraped every five seconds, one person looks
 * at the dashboard. Not part of `npm run bench`. Run it after a build with
 *
 *   node bench/wings-share.mjs
 */
import { get } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { cpuOf, startApp } from './paired-requests.mjs';
import { median } from './statistics.mjs';

const APP = new URL('wings-app.mjs', import.meta.url);
const ROUNDS = Number(process.env['ROUNDS'] ?? 5);
/** One scrape falls into each round. */
const SECONDS = 5;

/** @type {Record<string, string>} */
const SUBJECTS = {
  'without a wing, again': '',
  'prometheus, scraped': 'prometheus',
  opentelemetry: 'opentelemetry',
  'dashboard, nobody looking': 'dashboard',
  'dashboard, one person looking': 'dashboard,viewer',
  'prometheus and dashboard, scraped and looked at':
    'prometheus,dashboard,viewer',
};

const settings = { CIRCUITS: '500', RATE: '1000' };
for (const [title, wings] of Object.entries(SUBJECTS)) {
  const off = await startApp(APP, { ...settings, WINGS: '' });
  const on = await startApp(APP, { ...settings, WINGS: wings });
  const stop = watch(on, wings);
  await sleep(2_000);
  const extra = [];
  for (let round = 0; round < ROUNDS; round++) {
    const before = await Promise.all([cpuOf(off), cpuOf(on)]);
    await sleep(SECONDS * 1_000);
    const after = await Promise.all([cpuOf(off), cpuOf(on)]);
    const [without = 0, with_ = 0] = after.map(
      (cpu, index) => (cpu - (before[index] ?? 0)) / SECONDS / 10_000,
    );
    extra.push(with_ - without);
  }
  stop();
  const share = median(extra);
  console.log(
    `${title.padEnd(48)} ${share.toFixed(2)} % of a core more, so ${(100 - share).toFixed(1)} % of the throughput`,
  );
  off.child.disconnect();
  on.child.disconnect();
}

/**
 * Those who read what the wings say.
 *
 * @param {import('./paired-requests.mjs').App} app
 * @param {string} wings
 */
function watch({ port }, wings) {
  const ask = (/** @type {string} */ path) =>
    get(`http://127.0.0.1:${port}${path}`, response => response.resume());
  const scrape = wings.includes('prometheus')
    ? setInterval(() => ask('/metrics'), SECONDS * 1_000)
    : undefined;
  const viewer = wings.includes('viewer')
    ? ask('/circuits/api/events')
    : undefined;
  return () => {
    clearInterval(scrape);
    viewer?.destroy();
  };
}
