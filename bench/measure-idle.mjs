import { createHook } from 'node:async_hooks';
import {
  setImmediate as turn,
  setTimeout as sleep,
} from 'node:timers/promises';
import { loadSubject } from './subjects/subject.mjs';

const CIRCUITS = 10_000;
const SIZE = 100;
const SMALLER = 20;
const call = async () => 42;
/**
 * Nothing is collected before it is measured.
 *
 * @type {unknown[][]}
 */
const alive = [];

/** What the engine needs to be told for {@link measureIdle}. */
export const IDLE_FLAGS = ['--expose-gc'];

/**
 * Makes ten thousand breakers, calls each once and then leaves them alone.
 *
 * @param {string} subjectName
 * @param {import('./measure-time.mjs').Pace} pace
 * @returns {Promise<import('./measure-time.mjs').Series>}
 */
export async function measureIdle(subjectName, pace) {
  const subject = await loadSubject(subjectName);
  // Loads and compiles whatever there is to load and to compile.
  await create(100, SIZE);

  let timers = 0;
  const hook = createHook({
    init: (_id, type) => {
      if (type === 'Timeout') timers++;
    },
  }).enable();
  const before = await bytes();
  const circuits = await create(CIRCUITS, SIZE);
  const made = await bytes();
  await callEach(circuits, SIZE);
  hook.disable();
  const called = await bytes();
  const cpu = await idleCpu();

  return {
    'bytes, never called': [(made - before) / CIRCUITS],
    'bytes, after a call': [(called - before) / CIRCUITS],
    ...(!subject.hasNoCountWindow && {
      'bytes beside its window': [
        (called - before - (await windows())) / CIRCUITS,
      ],
    }),
    timers: [timers / CIRCUITS],
    'idle CPU of all': [cpu],
  };

  /** What all windows hold: found from a second set of breakers with smaller ones. */
  async function windows() {
    const smaller = await create(CIRCUITS, SMALLER);
    await callEach(smaller, SMALLER);
    const rest = (await bytes()) - called;
    return ((called - before - rest) * SIZE) / (SIZE - SMALLER);
  }

  async function create(
    /** @type {number} */ count,
    /** @type {number} */ size,
  ) {
    const breakers = Array.from({ length: count });
    for (let i = 0; i < count; i++) {
      breakers[i] = await subject.create({ size }, call);
    }
    alive.push(breakers);
    return breakers;
  }

  /**
   * @param {readonly unknown[]} breakers
   * @param {number} size
   */
  async function callEach(breakers, size) {
    for (const breaker of breakers) {
      await subject.caller(breaker, { size }, call)();
    }
  }

  /** The share of a core, in percent, that goes while nothing happens. */
  async function idleCpu() {
    const idleMs = pace.rounds * 100;
    await sleep(1_000);
    const start = process.cpuUsage();
    await sleep(idleMs);
    const { user, system } = process.cpuUsage(start);
    return (user + system) / 10 / idleMs;
  }
}

async function bytes() {
  for (let i = 0; i < 3; i++) {
    globalThis.gc?.();
    await turn();
  }
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}
