import { OURS } from '../results.mjs';
import { summary } from '../run-case.mjs';
import { NestServer } from './nest-server.mjs';

/** @typedef {'Express' | 'Fastify'} Platform */
/** @typedef {'plain' | 'plain again' | 'module installed' | 'decorated method' | 'decorated controller'} Variant */

const PER_CPU_SECOND = 'requests per CPU second';

/** @type {readonly Variant[]} */
const VARIANTS = [
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
    'Requests to a handler that answers `{ hello: "world" }`, beside an application without the package: two fresh processes, loaded in turns for a second each. `plain again` is a second application without the package and shows how exact the others are.',
  run: async (/** @type {import('../run-case.mjs').Settings} */ settings) => {
    try {
      return await runNest(platform, settings);
    } catch (error) {
      process.stderr.write(`${String(error)}\n`);
      return [failed(platform)];
    }
  },
}));

/**
 * @param {Platform} platform
 * @param {import('../run-case.mjs').Settings} settings
 * @returns {Promise<import('../run-case.mjs').Row[]>}
 */
async function runNest(platform, settings) {
  /** @type {Map<Variant, Pair[][]>} */
  const told = new Map(VARIANTS.map(variant => [variant, []]));
  for (let repeat = 0; repeat < settings.requests.repeats; repeat++) {
    for (const variant of VARIANTS) {
      told.get(variant)?.push(await compare(platform, variant, settings));
    }
  }
  const row = { case: `Nest on ${platform}`, unit: '× plain' };
  const plain = [...told.values()].flat();
  return [
    {
      ...row,
      subject: 'plain',
      label: 'requests/s',
      unit: '',
      ...summary(figures(plain, ({ bare }) => bare.perSecond)),
    },
    {
      ...row,
      subject: 'plain',
      label: PER_CPU_SECOND,
      unit: '',
      ...summary(figures(plain, ({ bare }) => bare.perCpuSecond)),
    },
    ...[...told].flatMap(([subject, pairs]) => [
      {
        ...row,
        subject,
        label: 'requests/s',
        ...summary(
          figures(pairs, ({ bare, own }) => own.perSecond / bare.perSecond),
        ),
      },
      {
        ...row,
        subject,
        label: PER_CPU_SECOND,
        ...summary(
          figures(
            pairs,
            ({ bare, own }) => own.perCpuSecond / bare.perCpuSecond,
          ),
        ),
      },
    ]),
  ];
}

/**
 * @param {Platform} platform
 * @returns {import('../run-case.mjs').Row}
 */
function failed(platform) {
  const row = { case: `Nest on ${platform}`, subject: 'plain', label: '' };
  return { ...row, unit: '', missing: 'failed' };
}

/** @typedef {Record<'bare' | 'own', import('./nest-server.mjs').Load>} Pair */

/**
 * @param {Pair[][]} processes
 * @param {(pair: Pair) => number} figure
 */
function figures(processes, figure) {
  return processes.map(pairs => pairs.map(figure));
}

/**
 * Loads two fresh servers in turns, each time in the other order.
 *
 * @param {Platform} platform
 * @param {Variant} variant
 * @param {import('../run-case.mjs').Settings} settings
 * @returns {Promise<Pair[]>}
 */
async function compare(platform, variant, { node, builds, requests }) {
  const env = builds[OURS] ?? {};
  const bare = await NestServer.start(
    node,
    { platform, variant: 'plain' },
    env,
  );
  const own = await NestServer.start(node, { platform, variant }, env);
  try {
    await bare.warmUp(requests.warmUp);
    await own.warmUp(requests.warmUp);
    /** @type {Pair[]} */
    const pairs = [];
    for (let round = 0; round < requests.rounds; round++) {
      if (round % 2 === 0) {
        const first = await bare.load();
        pairs.push({ bare: first, own: await own.load() });
      } else {
        const first = await own.load();
        pairs.push({ bare: await bare.load(), own: first });
      }
    }
    return pairs;
  } finally {
    bare.stop();
    own.stop();
  }
}
