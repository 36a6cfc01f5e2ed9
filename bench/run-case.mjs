import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { median, spread } from './statistics.mjs';

/** @typedef {{ series: import('./measure-time.mjs').Series } | { missing: string }} Told what a process answers */

/**
 * @typedef {object} Row one figure of the table
 * @property {string} case
 * @property {string} subject
 * @property {string} label
 * @property {string} unit
 * @property {number} [median] of the processes' medians
 * @property {number} [low] the lower quartile of all rounds
 * @property {number} [high] the upper quartile of all rounds
 * @property {number[]} [processes] each one's median, in the order in which they ran
 * @property {string} [missing] why there is no figure
 */

/**
 * @typedef {object} Settings
 * @property {string} node the binary that is measured
 * @property {number} repeats processes for each subject
 * @property {import('./measure-time.mjs').Pace} pace
 * @property {{ repeats: number, rounds: number, warmUp: number }} requests
 *   for the cases that load a server; a round is a second each, `warmUp` a number of requests
 * @property {Record<string, Record<string, string>>} builds more environment, by
 *   subject: one subject can run under two names with two builds
 */

const WORKER = fileURLToPath(new URL('./worker.mjs', import.meta.url));
/** A process that hangs must not hang the run. */
const LIMIT_MS = 300_000;

/**
 * Runs a case: a process for each subject in turns, and that again and again.
 *
 * @param {import('./cases/case.mjs').Case} found
 * @param {Settings} settings
 * @returns {Promise<Row[]>}
 */
export async function runCase(found, { node, repeats, pace, builds }) {
  const subjects = found.subjects.flatMap(name =>
    Object.keys(builds).some(each => baseOf(each) === name)
      ? Object.keys(builds).filter(each => baseOf(each) === name)
      : [name],
  );
  /** @type {Map<string, Told[]>} */
  const told = new Map(subjects.map(subject => [subject, []]));
  for (let repeat = 0; repeat < repeats; repeat++) {
    for (const subject of subjects) {
      const order = { name: found.name, subject: baseOf(subject), pace };
      const answer = await runProcess(
        node,
        order,
        found.flags,
        builds[subject],
      );
      told.get(subject)?.push(answer);
    }
  }
  return subjects.flatMap(subject =>
    rowsOf(found, subject, told.get(subject) ?? []),
  );
}

/** `nestjs-breaker (before)` is `nestjs-breaker` in another build. */
function baseOf(/** @type {string} */ subject) {
  return subject.replace(/ \(.*\)$/, '');
}

/**
 * @param {import('./cases/case.mjs').Case} found
 * @param {string} subject
 * @param {readonly Told[]} told
 * @returns {Row[]}
 */
function rowsOf({ name, unit, units = {} }, subject, told) {
  const row = { case: name, subject };
  /** @type {import('./measure-time.mjs').Series[]} */
  const series = [];
  for (const each of told) {
    if ('missing' in each) {
      return [{ ...row, label: '', unit, missing: each.missing }];
    }
    series.push(each.series);
  }
  return Object.keys(series[0] ?? {}).map(label => ({
    ...row,
    label,
    unit: units[label] ?? unit,
    ...summary(series.map(each => each[label] ?? [])),
  }));
}

/** @param {number[][]} processes the figures of each process */
export function summary(processes) {
  const medians = processes.map(median);
  const { low, high } = spread(processes.flat());
  return { median: median(medians), low, high, processes: medians };
}

/**
 * @param {string} node
 * @param {object} order
 * @param {readonly string[]} flags
 * @param {Record<string, string>} env
 * @returns {Promise<Told>}
 */
function runProcess(node, order, flags = [], env = {}) {
  return new Promise((resolve, reject) => {
    const child = fork(WORKER, [JSON.stringify(order)], {
      execPath: node,
      execArgv: [...flags],
      env: { ...process.env, ...env },
      timeout: LIMIT_MS,
      killSignal: 'SIGKILL',
    });
    /** @type {Told} */
    let told = { missing: 'failed' };
    child.on('message', message => (told = /** @type {Told} */ (message)));
    child.on('error', reject);
    child.on('exit', () => resolve(told));
  });
}
