/*
 * All features at once, under faults that a seed decides: decorated methods,
 * operators, every policy, keyed circuits, a fleet on a Redis that is killed now
 * and then, metrics that are scraped, dashboards that are watched. At the end the
 * figures of callers, circuits, metrics and upstream agree to the call, and
 * neither heap nor handles have grown.
 *
 *   npm run soak -- --minutes 60 --seed 7 --rate 200
 */
import { parseArgs } from 'node:util';
import { setTimeout as sleep } from 'node:timers/promises';
import { audit, growth } from './audit.js';
import { Child } from './child.js';
import type { Books, Sample } from './instance.js';
import { seededRandom } from './random.js';
import { Readers } from './readers.js';
import { Store } from './store.js';
import type { Received } from './upstream.js';

const INSTANCES = 2;
const { values: flags } = parseArgs({
  options: {
    minutes: { type: 'string', default: '10' },
    seed: { type: 'string', default: `${Date.now() % 1_000_000}` },
    rate: { type: 'string', default: '200' },
  },
});
const minutes = Number(flags.minutes);
const seed = Number(flags.seed);
if (!(minutes > 0) || !Number.isInteger(seed) || !(Number(flags.rate) > 0)) {
  throw new Error(
    'Give --minutes and --rate (calls a second) above 0, and --seed, a whole number',
  );
}
console.log(
  `${minutes} minutes, seed ${seed}, ${INSTANCES} instances, ${flags.rate} calls/s each`,
);

const random = seededRandom(seed);
const store = await Store.start();
const upstream = await Child.start<{ port: number }>('upstream.js', [seed]);
const upstreamUrl = `http://127.0.0.1:${upstream.greeting.port}`;
const redisUrl = `redis://127.0.0.1:${store.port}`;
const instances = await Promise.all(
  Array.from({ length: INSTANCES }, (_, index) =>
    Child.start<{ url: string }>('instance.js', [
      upstreamUrl,
      redisUrl,
      seed + index + 1,
      flags.rate,
    ]),
  ),
);
const readers = instances.map(
  ({ greeting }) => new Readers(new URL(greeting.url)),
);
const problems: string[] = [];
try {
  const samples = await watch();
  problems.push(...samples.flatMap(growth), ...(await settle()));
} finally {
  for (const reader of readers) reader.stop();
  for (const { child } of instances) child.stop();
  upstream.child.stop();
  await store.kill();
}
for (const problem of problems) console.error(`✗ ${problem}`);
console.log(
  problems.length === 0
    ? '✓ nothing was lost, nothing was counted twice, nothing grew'
    : `✗ ${problems.length} problems; run again with --seed ${seed}`,
);
process.exitCode = problems.length === 0 ? 0 : 1;

/** The run itself. */
async function watch(): Promise<Sample[][]> {
  const end = Date.now() + minutes * 60_000;
  const everyMs = Math.min(30_000, (minutes * 60_000) / 12);
  const samples: Sample[][] = instances.map(() => []);
  let troubles = 0;
  const trouble = (async () => {
    for (; ; troubles++) {
      const pause = 5_000 + random() * 15_000;
      if (Date.now() + pause >= end) return;
      await sleep(pause);
      await store.trouble(random);
    }
  })();
  while (Date.now() < end) {
    await sleep(everyMs);
    await Promise.all(
      instances.map(async ({ child, greeting }, index) => {
        const sample = await child.ask<Sample>('sample');
        samples[index]!.push(sample);
        await scrape(greeting.url);
        console.log(
          `${left(end)} left, instance ${index + 1}: ${sample.calls} calls, ${sample.heapMb.toFixed(1)} MB, ${sample.handles} handles, ${Math.round(readers[index]!.bytes / 1_024)} KB read, ${troubles} troubles of Redis`,
        );
      }),
    );
  }
  await trouble;
  return samples;
}

/** Lets everything end, and compares the books. */
async function settle(): Promise<string[]> {
  upstream.child.tell('calm');
  const books = await Promise.all(
    instances.map(({ child }) => child.ask<Books>('stop')),
  );
  const metrics = await Promise.all(
    instances.map(({ greeting }) => scrape(greeting.url)),
  );
  const { received } = await upstream.child.ask<{
    received: Record<string, Received>;
  }>('report');
  return audit(books, metrics, received);
}

/** The calls of each circuit by their result, as Prometheus reads them. */
async function scrape(
  url: string,
): Promise<Record<string, Record<string, number>>> {
  const page = await (await fetch(`${url}/metrics`)).text();
  const calls: Record<string, Record<string, number>> = {};
  const line = /^circuit_breaker_calls_total\{(.*)\} (\d+)$/gm;
  for (const [, labels = '', value] of page.matchAll(line)) {
    const label = (name: string) =>
      new RegExp(`${name}="((?:[^"\\\\]|\\\\.)*)"`).exec(labels)?.[1] ?? '';
    (calls[label('name')] ??= {})[label('result')] = Number(value);
  }
  return calls;
}

function left(end: number): string {
  return `${Math.max(0, Math.round((end - Date.now()) / 1_000))} s`;
}
