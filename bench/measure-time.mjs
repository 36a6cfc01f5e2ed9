import { setImmediate as turn } from 'node:timers/promises';
import { median } from './statistics.mjs';

/**
 * @typedef {object} Contestant
 * @property {'awaited' | 'caught' | 'caughtDeep' | 'synchronous'} [loop]
 * @property {() => unknown} call
 * @property {() => unknown} [prepare] runs before each round, not timed
 */

/**
 * @typedef {object} Contest what one process compares; `bare` is the zero point
 * @property {Record<string, Contestant>} contestants
 * @property {number} [callsARound] where the window's contents must not grow; else set by the clock
 * @property {number} [callsARun] calls that one `call()` makes, for waves
 */

/**
 * @typedef {object} Pace
 * @property {number} warmUpMs for each contestant
 * @property {number} roundMs of the slowest contestant
 * @property {number} rounds
 */

/**
 * Times the contestants in turns: each round runs all of them, the order turns
 * round at each, so that a slow spell of the machine hits all alike.
 *
 * @param {Contest} contest
 * @param {Pace} pace
 * @returns {Promise<Record<string, number[]>>} nanoseconds a call, of each round
 */
export async function measureTime(contest, pace) {
  const runners = await Promise.all(
    Object.entries(contest.contestants).map(async ([name, contestant]) => {
      const loops = await import(`./loops.mjs?${name}`);
      return { name, ...contestant, loop: loops[contestant.loop ?? 'awaited'] };
    }),
  );
  const callsARun = contest.callsARun ?? 1;

  /** @param {(typeof runners)[number]} runner */
  const time = async (runner, /** @type {number} */ n) => {
    await runner.prepare?.();
    const start = process.hrtime.bigint();
    await runner.loop(runner.call, n);
    return Number(process.hrtime.bigint() - start) / (n * callsARun);
  };

  let slowest = 0;
  for (const runner of runners) {
    slowest = Math.max(slowest, await warmUp(runner));
  }

  /** @param {(typeof runners)[number]} runner */
  async function warmUp(runner) {
    const { callsARound = 100 } = contest;
    const recent = [];
    const end = performance.now() + pace.warmUpMs;
    do {
      recent.push(await time(runner, callsARound));
      await turn();
    } while (performance.now() < end);
    return median(recent.slice(-Math.ceil(recent.length / 2))) * callsARun;
  }

  const n =
    contest.callsARound ??
    Math.max(1, Math.round((pace.roundMs * 1e6) / slowest));
  /** @type {Record<string, number[]>} */
  const series = Object.fromEntries(runners.map(({ name }) => [name, []]));
  for (let round = 0; round < pace.rounds; round++) {
    runners.reverse();
    for (const runner of runners) {
      series[runner.name]?.push(await time(runner, n));
      // Timers and finalizers run here, outside of the rounds.
      await turn();
    }
  }
  return series;
}
