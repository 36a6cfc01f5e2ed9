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

/** Those of Redis 6.2 that the script may use, with the options that 6.2 has; Valkey has them all. */
const KNOWN_TO_6_2 = new Map([
  ['DEL', []],
  ['GET', []],
  ['HDEL', []],
  ['HGET', []],
  ['HGETALL', []],
  ['HINCRBY', []],
  ['HMGET', []],
  ['HSET', []],
  ['HSETNX', []],
  ['PEXPIRE', []],
  ['PUBLISH', []],
  ['SET', ['PX']],
  ['TIME', []],
  ['ZADD', []],
  ['ZCARD', []],
  ['ZREM', []],
  ['ZREMRANGEBYSCORE', []],
]);

describe('the commands of the script', () => {
  const calls = [...exchangeScript().matchAll(/redis\.call\('(\w+)'([^\n]*)/g)];

  it('are found', () => {
    expect(calls.length).toBeGreaterThan(15);
    expect(exchangeScript().match(/redis\.\w+/g)).toEqual(
      calls.map(() => 'redis.call'),
    );
  });

  it.each(calls.map(([, command, rest]) => [command!, rest!] as const))(
    'are known to Redis 6.2: %s%s',
    (command, rest) => {
      const options = KNOWN_TO_6_2.get(command);
      expect(options).toBeDefined();
      const words = [...rest.matchAll(/'([A-Z]{2,})'/g)].map(
        ([, word]) => word,
      );
      expect(options).toEqual(expect.arrayContaining(words));
    },
  );
});
