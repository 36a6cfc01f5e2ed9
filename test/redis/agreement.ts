import { isDeepStrictEqual } from 'node:util';
import type { Redis } from 'ioredis';
import type { Announcement } from '../../lib/redis/fleet-store.js';
import { RedisFleetStore } from '../../lib/redis/redis-fleet-store.js';
import { randomFrom } from '../support/random.js';
import { RandomExchanges } from './random-exchange.js';
import { SimulatedStore } from './simulated-store.js';

/** The script's `now` comes with the call, so that both stores have the same. */
export const GIVEN_TIME = `local now = tonumber(ARGV[3])`;

export interface AgreementOptions {
  readonly redis: Redis;
  readonly port: number;
  readonly script: string;
  readonly seeds: Iterable<number>;
  readonly steps: number;
}

/**
 * Plays random programs on the script and on the simulated store.
 *
 * @returns the first difference in words, or `undefined`
 */
export async function findDisagreement({
  redis,
  port,
  script,
  seeds,
  steps,
}: AgreementOptions): Promise<string | undefined> {
  const store = new RedisFleetStore({
    connection: { host: '127.0.0.1', port, enableOfflineQueue: true },
    namespace: 'agree {ment}',
    timeout: 5_000,
    script,
  });
  const heard: Announcement[] = [];
  await new Promise<void>(resolve =>
    store.open({
      announced: each => heard.push(each),
      resumed: resolve,
    }),
  );
  try {
    for (const seed of seeds) {
      await redis.flushall();
      const expected: Announcement[] = [];
      const model = new SimulatedStore(each => expected.push(each));
      const program = new RandomExchanges(randomFrom(seed));
      heard.length = 0;
      for (let step = 0; step < steps; step++) {
        const request = program.next();
        const wanted = plain(model.exchange(request, program.now));
        const where = `seed ${seed}, step ${step}: ${JSON.stringify(request)}`;
        let got: unknown;
        try {
          got = await store.exchange(request, String(program.now));
        } catch (error) {
          return `${where}\nthe script failed: ${String(error)}`;
        }
        if (!isDeepStrictEqual(got, wanted)) {
          return `${where}\nexpected ${JSON.stringify(wanted)}\n     got ${JSON.stringify(got)}`;
        }
        program.answered(request, wanted);
      }
      // What is published comes on the other connection.
      for (let waited = 0; heard.length < expected.length; waited++) {
        if (waited > 200) break;
        await new Promise(resolve => setTimeout(resolve, 1));
      }
      if (!isDeepStrictEqual(heard, plain(expected))) {
        return `seed ${seed}: other announcements: ${JSON.stringify(heard)} instead of ${JSON.stringify(expected)}`;
      }
      const untidy = await findUntidy(redis, model);
      if (untidy !== undefined) return `seed ${seed}: ${untidy}`;
    }
    return undefined;
  } finally {
    await store.close();
  }
}

/** Everything has a time to live, and nothing stays that counts no more. */
async function findUntidy(
  redis: Redis,
  model: SimulatedStore,
): Promise<string | undefined> {
  for (const key of await redis.keys('*')) {
    if ((await redis.pttl(key)) <= 0) return `${key} would live for ever`;
    const id = /:circuit:(.*)$/.exec(key)?.[1];
    if (id === undefined) continue;
    const c = model.circuits.get(id);
    if (c === undefined) return `${key} should not be there`;
    const fields = await redis.hkeys(key);
    const kept = fields.filter(field => /^[bfsv]:/.test(field)).toSorted();
    const wanted = [
      ...[...c.buckets.keys()].map(each => `b:${each}`),
      ...[...c.failing.keys()].map(each => `f:${each}`),
      ...[...c.slowing.keys()].map(each => `s:${each}`),
      ...[...c.opened.keys()].map(each => `v:${each}`),
    ].toSorted();
    if (!isDeepStrictEqual(kept, wanted)) {
      return `${key} keeps ${kept.join(' ')} instead of ${wanted.join(' ')}`;
    }
  }
  const members = (
    await redis.zrange('{agree%20%7Bment%7D}:alive', '0', '-1')
  ).toSorted();
  const alive = [...model.alive.keys()].toSorted();
  return isDeepStrictEqual(members, alive)
    ? undefined
    : `alive are ${members.join(' ')} instead of ${alive.join(' ')}`;
}

function plain<T>(value: T): T {
  return JSON.parse(JSON.stringify(value)) as T;
}
