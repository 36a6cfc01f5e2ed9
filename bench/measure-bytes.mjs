import { PerformanceObserver } from 'node:perf_hooks';
import { setImmediate as turn } from 'node:timers/promises';
import { overheads } from './measure-time.mjs';

/** Few enough that no collection falls into a round with {@link BYTES_FLAGS}. */
const CALLS = 10_000;

/** What the engine needs to be told for {@link measureBytes}. */
export const BYTES_FLAGS = [
  '--expose-gc',
  '--min-semi-space-size=128',
  '--max-semi-space-size=128',
];

/**
 * Measures what calls allocate, as {@link measureTime} measures what they take.
 *
 * @param {import('./measure-time.mjs').Contest} contest
 * @param {import('./measure-time.mjs').Pace} pace
 * @returns {Promise<import('./measure-time.mjs').Series>} bytes a call
 */
export async function measureBytes(contest, pace) {
  let lastCollection = 0;
  const observer = new PerformanceObserver(list => {
    for (const { startTime } of list.getEntries()) lastCollection = startTime;
  });
  observer.observe({ entryTypes: ['gc'] });

  /** @type {import('./measure-time.mjs').Series} */
  const total = {};
  for (const [label, contestant] of Object.entries(contest.contestants)) {
    const loops = await import(`./loops.mjs?${encodeURIComponent(label)}`);
    const loop = loops[contestant.loop ?? 'awaited'];
    for (let calls = 0; calls < pace.warmUpCalls; calls += 1_000) {
      await loop(contestant.call, 1_000);
      await turn();
    }

    /** @type {number[]} */
    const figures = [];
    while (figures.length < pace.rounds) {
      globalThis.gc?.();
      const start = performance.now();
      const before = process.memoryUsage().heapUsed;
      await loop(contestant.call, CALLS);
      const after = process.memoryUsage().heapUsed;
      // Collections are told a turn or two later.
      await turn();
      await turn();
      if (lastCollection < start) figures.push(after - before);
    }
    total[label] = figures;
  }
  observer.disconnect();
  return overheads(contest, total, CALLS);
}
