import { setImmediate as turn } from 'node:timers/promises';
import { median } from './statistics.mjs';

/** For calls that take milliseconds. */
const LONGEST_WARM_UP_MS = 2_000;

/**
 * @typedef {object} Contestant
 * @property {() => unknown} call
 * @property {'awaited' | 'caught' | 'caughtDeep' | 'synchronous'} [loop] 'awaited' if not given
 * @property {string} [over] the contestant whose time is taken off, `bare` if not given
 * @property {() => unknown} [prepare] runs before each round, not timed
 */

/**
 * @typedef {object} Contest what one process compares
 * @property {{ bare: Contestant, [label: string]: Contestant }} contestants
 * @property {number} [callsARound] where a window must not fill up; else found by the clock
 * @property {number} [callsARun] calls that one `call()` makes, one if not given
 */

/**
 * @typedef {object} Pace
 * @property {number} warmUpCalls for each contestant
 * @property {number} roundMs of the slowest contestant
 * @property {number} rounds
 */

/** @typedef {Record<string, number[]>} Series one figure for each round, by label */

/**
 * Times the contestants in turns: each round runs all of them and the next runs
 * them the other way round, so that a slow spell of the machine hits all alike.
 *
 * @param {Contest} contest
 * @param {Pace} pace
 * @returns {Promise<Series>} `bare` in nanoseconds a call; the others in
 *   nanoseconds a call more than the one that they stand over, in the same round
 */
export async function measureTime(contest, pace) {
  const runners = await Promise.all(
    Object.entries(contest.contestants).map(async ([label, contestant]) => {
      const loops = await import(`./loops.mjs?${encodeURIComponent(label)}`);
      const loop = loops[contestant.loop ?? 'awaited'];
      return { ...contestant, label, loop };
    }),
  );
  const slowestNs = await warmUpAll();
  const n =
    contest.callsARound ??
    Math.max(1, Math.round((pace.roundMs * 1e6) / slowestNs));

  /** @type {Series} */
  const total = Object.fromEntries(runners.map(({ label }) => [label, []]));
  for (let round = 0; round < pace.rounds; round++) {
    runners.reverse();
    for (const runner of runners) {
      total[runner.label]?.push(await time(runner, n));
      // Timers and finalizers have their turn here, outside of what is timed.
      await turn();
    }
  }
  return overheads(contest, total, n * (contest.callsARun ?? 1));

  /** Answers with the time of the slowest one's call. */
  async function warmUpAll() {
    let slowest = 0;
    for (const runner of runners) {
      slowest = Math.max(slowest, await warmUp(runner));
    }
    return slowest;
  }

  /** @param {(typeof runners)[number]} runner */
  async function warmUp(runner) {
    const callsARun = contest.callsARun ?? 1;
    const calls = contest.callsARound ?? Math.ceil(1_000 / callsARun);
    const start = performance.now();
    const taken = [];
    // By calls, not by the clock: the engine compiles in the background, and on
    // a busy machine its time has not come when some time has passed.
    while (
      taken.length * calls * callsARun < pace.warmUpCalls &&
      performance.now() - start < LONGEST_WARM_UP_MS
    ) {
      taken.push((await time(runner, calls)) / calls);
      await turn();
    }
    return median(taken.slice(taken.length / 2));
  }
}

/**
 * @param {Contest} contest
 * @param {Series} total
 * @param {number} calls in each figure
 * @returns {Series}
 */
export function overheads({ contestants }, total, calls) {
  return Object.fromEntries(
    Object.entries(total).map(([label, figures]) => {
      if (label === 'bare') return [label, figures.map(each => each / calls)];
      const zero = total[contestants[label]?.over ?? 'bare'] ?? [];
      return [
        label,
        figures.map((each, i) => (each - (zero[i] ?? NaN)) / calls),
      ];
    }),
  );
}

/**
 * Told in CPU time of the whole process: on a machine that others use too, wall
 * time measures the others. Where nobody else runs, the two agree.
 *
 * @param {Contestant & { loop: (call: () => unknown, n: number) => Promise<void> }} runner
 * @param {number} calls
 * @returns {Promise<number>} nanoseconds in all
 */
async function time({ prepare, loop, call }, calls) {
  await prepare?.();
  const before = process.cpuUsage();
  await loop(call, calls);
  const { user, system } = process.cpuUsage(before);
  return (user + system) * 1_000;
}
