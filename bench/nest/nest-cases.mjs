import { OURS } from '../results.mjs';
import { summary } from '../run-case.mjs';
import { NestServer } from './nest-server.mjs';

/** @typedef {'Express' | 'Fastify'} Platform */
/** @typedef {'plain' | 'plain again' | 'module installed' | 'decorated method' | 'decorated controller'} Variant */

const PER_SECOND = 'requests/s';
const PER_CPU_SECOND = 'requests per CPU second';
/** What a figure is called if both applications were in one process. */
const IN_ONE_PROCESS = ', in one process';

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
    'Requests to a handler that answers `{ hello: "world" }`, beside an application without the package: two fresh processes, loaded in turns for a second each, then two applications in one fresh process. `plain again` is a second application without the package and shows how exact the others are.',
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
  const apart = noPairs();
  const inOne = noPairs();
  for (let repeat = 0; repeat < settings.requests.repeats; repeat++) {
    for (const variant of VARIANTS) {
      const order = { platform, variant, repeat };
      apart
        .get(variant)
        ?.push(await compare({ ...order, inOne: false }, settings));
      inOne
        .get(variant)
        ?.push(await compare({ ...order, inOne: true }, settings));
    }
  }
  const row = { case: `Nest on ${platform}`, unit: '× plain' };
  const plain = [...apart.values()].flat();
  return [
    ...FIGURES.map(([label, figure]) => ({
      ...row,
      subject: 'plain',
      label,
      unit: '',
      ...summary(figures(plain, ({ bare }) => figure(bare))),
    })),
    ...VARIANTS.flatMap(subject =>
      [
        { told: apart, where: '' },
        { told: inOne, where: IN_ONE_PROCESS },
      ].flatMap(({ told, where }) =>
        FIGURES.map(([label, figure]) => ({
          ...row,
          subject,
          label: `${label}${where}`,
          ...summary(
            figures(
              told.get(subject) ?? [],
              ({ bare, own }) => figure(own) / figure(bare),
            ),
          ),
        })),
      ),
    ),
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

/** @type {readonly [string, (load: import('./nest-server.mjs').Load) => number][]} */
const FIGURES = [
  [PER_SECOND, load => load.perSecond],
  [PER_CPU_SECOND, load => load.perCpuSecond],
];

/** @returns {Map<Variant, Pair[][]>} */
function noPairs() {
  return new Map(VARIANTS.map(variant => [variant, []]));
}

/**
 * @param {Pair[][]} processes
 * @param {(pair: Pair) => number} figure
 */
function figures(processes, figure) {
  return processes.map(pairs => pairs.map(figure));
}

/**
 * Loads two fresh applications in turns, each time in the other order.
 *
 * @param {{ platform: Platform, variant: Variant, repeat: number, inOne: boolean }} order
 * @param {import('../run-case.mjs').Settings} settings
 * @returns {Promise<Pair[]>}
 */
async function compare(order, { node, builds, requests }) {
  const { bare, own } = await startPair(order, node, builds[OURS] ?? {});
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

/**
 * @param {{ platform: Platform, variant: Variant, repeat: number, inOne: boolean }} order
 * @param {string} node
 * @param {Record<string, string>} env
 */
async function startPair({ platform, variant, repeat, inOne }, node, env) {
  // In turns: whoever comes second finds warm code.
  const isFirst = repeat % 2 === 1;
  /** @type {Variant[]} */
  const variants = isFirst ? [variant, 'plain'] : ['plain', variant];
  const started = inOne
    ? await NestServer.start(node, { platform, variants }, env)
    : await startApart(node, platform, variants, env);
  if (isFirst) started.reverse();
  const [bare, own] = started;
  if (bare === undefined || own === undefined) throw new Error('No pair');
  return { bare, own };
}

/**
 * @param {string} node
 * @param {Platform} platform
 * @param {readonly Variant[]} variants
 * @param {Record<string, string>} env
 */
async function startApart(node, platform, variants, env) {
  const started = [];
  for (const variant of variants) {
    const order = { platform, variants: [variant] };
    started.push(...(await NestServer.start(node, order, env)));
  }
  return started;
}
