import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Redis } from 'ioredis';
import { exchangeScript } from '../../lib/redis/script/exchange.js';
import { findDisagreement, GIVEN_TIME } from './agreement.js';
import { hasRedis, RedisServer } from './redis-server.js';

(hasRedis() ? describe : describe.skip)('the script at Redis', () => {
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

  it('does what the simulated store does, whatever it is told', async () => {
    const first = Number(process.env['FLEET_SEED'] ?? Date.now() % 1e6);
    const seeds = Array.from({ length: 20 }, (_, index) => first + index);
    const disagreement = await findDisagreement({
      redis,
      port: server.port,
      script: exchangeScript(GIVEN_TIME),
      seeds,
      steps: 150,
    });
    expect(disagreement).toBeUndefined();
  }, 30_000);
});
