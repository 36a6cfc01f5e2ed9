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
(process.env['FLEET_MUTATION'] === '1' ? describe : describe.skip)(
  'the script without one of its lines',
  () => {
    let server: RedisServer;
    let redis: Redis;

    beforeAll(async () => {
      server = await RedisServer.start();
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
          seeds: Array.from({ length: 60 }, (_, index) => 1 + index),
          steps: 150,
        });
        const reason = survivors.get(text);
        if (reason === undefined) expect(disagreement).toBeDefined();
        else expect(disagreement).toBeUndefined();
      },
      60_000,
    );
  },
);
