import { OURS } from '../results.mjs';
import { summary } from '../run-case.mjs';
import { NestServer } from './nest-server.mjs';

/** @typedef {'Express' | 'Fastify'} Platform */
/** @typedef {'plain' | 'plain again' | 'module installed' | 'decorated method' | 'decorated controller'} Variant */

/** @type {readonly Variant[]} */
const VARIANTS = [
  'plain',
  'plain again',
  'module installed',
  'decorated method',
  'decorated controller',
];

/** Whole requests. */
export const NEST_CASES = /** @type {Platform[]} */ ([
  'Express',
  'Fastify',
]).map(platform => ({
  name: `Nest on ${platform}`,
  about:
    'Requests to a handler that answers `{ hello: "world" }`, beside an application without the package: each in a fresh process, loaded in turns for a second, and all of that again. `plain again` is a second application without the package and shows how exact the others are.',
  run: async (/** @type {import('../run-case.mjs').Settings} */ settings) => {
    try {
      return await runNest(platform, settings);
    } catch (error) {
      process.stderr.write(`${String(error)}\n`);
      return [failed(platform)];
    }
  },
}));

/** @typedef {Map<Variant, import('./nest-server.mjs').Load>} Turn a load of each */

/**
 * @param {Platform} platform
 * @param {import('../run-case.mjs').Settings} settings
 * @returns {Promise<import('../run-case.mjs').Row[]>}
 */
async function runNest(platform, settings) {
  /** @type {Turn[][]} */
  const sets = [];
  for (let repeat = 0; repeat < settings.requests.repeats; repeat++) {
    sets.push(await loadAll(platform, repeat, settings));
  }
  return VARIANTS.flatMap(subject =>
    FIGURES.map(([label, figure]) => {
      const of = (/** @type {Turn} */ turn, /** @type {Variant} */ variant) => {
        const load = turn.get(variant);
        return load === undefined ? NaN : figure(load);
      };
      const own = sets.map(turns =>
        turns.map(turn =>
          subject === 'plain'
            ? of(turn, subject)
            : of(turn, subject) / of(turn, 'plain'),
        ),
      );
      const unit = subject === 'plain' ? '' : '× plain';
      const name = `Nest on ${platform}`;
      return { case: name, subject, label, unit, ...summary(own) };
    }),
  );
}

/**
 * @param {Platform} platform
 * @returns {import('../run-case.mjs').Row}
 */
function failed(platform) {
  const row = { case: `Nest on ${platform}`, subject: 'plain', label: '' };
  return { ...row, unit: '', missing: 'failed' };
}

/** @type {readonly [string, (load: import('./nest-server.mjs').Load) => number][]} */
const FIGURES = [
  ['requests/s', load => load.perSecond],
  ['requests per CPU second', load => load.perCpuSecond],
];

/**
 * Loads fresh applications in turns, each time in the other order.
 *
 * @param {Platform} platform
 * @param {number} repeat
 * @param {import('../run-case.mjs').Settings} settings
 * @returns {Promise<Turn[]>}
 */
async function loadAll(platform, repeat, { node, builds, requests }) {
  // Each comes first in its turn, and last.
  const first = repeat % VARIANTS.length;
  const order = [...VARIANTS.slice(first), ...VARIANTS.slice(0, first)];
  /** @type {[Variant, NestServer][]} */
  const servers = [];
  try {
    for (const variant of order) {
      const server = await NestServer.start(
        node,
        { platform, variant },
        builds[OURS] ?? {},
      );
      servers.push([variant, server]);
      await server.warmUp(requests.warmUp);
    }
    /** @type {Turn[]} */
    const turns = [];
    for (let round = 0; round < requests.rounds; round++) {
      servers.reverse();
      /** @type {Turn} */
      const turn = new Map();
      for (const [variant, server] of servers) {
        turn.set(variant, await server.load());
      }
      turns.push(turn);
    }
    return turns;
  } finally {
    for (const [, server] of servers) server.stop();
  }
}
