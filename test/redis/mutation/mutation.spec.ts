import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Redis } from 'ioredis';
import { exchangeScript } from '../../../lib/redis/script/exchange.js';
import { findDisagreement, GIVEN_TIME } from '../agreement.js';
import { RedisServer } from '../redis-server.js';
import { mutants } from './mutate.js';
import { survivors } from './survivors.js';

/**
 * Breaks the script line by line: `npm run test:mutation:redis`. Not part of the
 * suite, as it takes minutes.
 */
describe('the script without one of its lines', () => {
  let server: RedisServer;
  let redis: Redis;

  beforeAll(async () => {
    server = await RedisServer.start('--lua-time-limit 200');
    redis = server.connect();
  });

  afterAll(async () => {
    redis.disconnect();
    await server.stop();
  });

  it.each(
    mutants(exchangeScript(GIVEN_TIME)).map(
      each => [each.line, each.text, each] as const,
    ),
  )(
    'is noticed: line %i, %s',
    async (_line, text, { script }) => {
      const disagreement = await findDisagreement({
        redis,
        port: server.port,
        script,
        seeds: Array.from({ length: 30 }, (_, index) => 1 + index),
        steps: 150,
      });
      // A line whose absence makes a loop endless leaves a server that only a restart frees.
      const isBusy = await redis.ping().then(
        () => false,
        () => true,
      );
      if (isBusy) {
        await server.kill();
        await server.restart();
      }
      const reason = survivors.get(text);
      // Told at once: the whole takes minutes.
      if (disagreement === undefined)
        process.stderr.write(`survives: ${text}\n`);
      if (reason === undefined) expect(disagreement).toBeDefined();
      else expect(disagreement).toBeUndefined();
    },
    60_000,
  );
});
