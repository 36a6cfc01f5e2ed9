import {
  afterAll,
  beforeAll,
  beforeEach,
  describe,
  expect,
  it,
} from '@jest/globals';
import KeyvRedis from '@keyv/redis';
import { CACHE_MANAGER, CacheModule, type Cache } from '@nestjs/cache-manager';
import { Test, type TestingModule } from '@nestjs/testing';
import type { Redis } from 'ioredis';
import { Keyv } from 'keyv';
import {
  cacheSchema,
  type CacheRules,
} from '../../lib/policies/cache-options.js';
import { StaleCache } from '../../lib/policies/stale-cache.js';
import { systemClock } from '../../lib/state/clock.js';
import { parsePolicy } from '../support/parse-policy.js';
import { hasRedis, RedisServer } from './redis-server.js';

const down = new Error('down');

/** One process of a Nest application whose cache lives in Redis. */
class Instance {
  readonly reported: string[] = [];
  readonly hits: string[] = [];

  private constructor(
    private readonly module: TestingModule,
    private readonly cache: Cache,
  ) {}

  static async start(port: number): Promise<Instance> {
    const module = await Test.createTestingModule({
      imports: [
        CacheModule.registerAsync({
          useFactory: () => {
            const redis = new KeyvRedis(`redis://127.0.0.1:${port}`);
            const keyv = new Keyv(redis, { namespace: 'shop' });
            // An application logs these; without a listener they end the process.
            keyv.on('error', () => {});
            return { stores: [keyv] };
          },
        }),
      ],
    }).compile();
    return new Instance(module, module.get<Cache>(CACHE_MANAGER));
  }

  stop(): Promise<void> {
    return this.module.close();
  }

  /** A call with a result, or one that fails; answers with what the caller gets. */
  call(result: unknown, options: Record<string, unknown> = {}, key = 'a') {
    const rules = parsePolicy('cache', cacheSchema, {
      staleFor: '1m',
      ...options,
    }) as CacheRules;
    const host = {
      name: 'rates',
      clock: systemClock,
      captureStack: false,
      report: (what: string) => this.reported.push(what),
      warn: () => {},
    };
    return new StaleCache(rules, host, this.cache).run(key, {
      call: async () => {
        if (result === down) throw down;
        return result;
      },
      answersFor: () => true,
      isGood: () => true,
      hit: hit => this.hits.push(hit),
    });
  }
}

(hasRedis() ? describe : describe.skip)('a stale cache in Redis', () => {
  let server: RedisServer;
  let redis: Redis;
  let one: Instance;
  let two: Instance;

  beforeAll(async () => {
    server = await RedisServer.start();
    redis = server.connect();
    one = await Instance.start(server.port);
    two = await Instance.start(server.port);
  });

  beforeEach(async () => {
    await redis.flushall();
    for (const { reported, hits } of [one, two]) {
      reported.length = 0;
      hits.length = 0;
    }
  });

  afterAll(async () => {
    await Promise.all([one.stop(), two.stop()]);
    redis.disconnect();
    await server.stop();
  });

  /** Writes are never waited for, so the test waits for them. */
  async function written(): Promise<string> {
    for (;;) {
      const [key] = await redis.keys('*');
      if (key !== undefined) return key;
      await new Promise(resolve => setTimeout(resolve, 5));
    }
  }

  it.each([
    ['null', null],
    ['undefined', undefined],
    ['a number', 0],
    ['an object', { rate: 1.5, at: ['EUR', null] }],
  ])('answers with %s that another process has kept', async (_, value) => {
    await one.call(value);
    await written();
    expect(await two.call(down)).toEqual(value);
    expect(two.hits).toEqual(['stale']);
    expect(two.reported).toEqual([]);
  });

  it('has no answer where nobody has kept one', async () => {
    await expect(one.call(down)).rejects.toBe(down);
    expect(one.reported).toEqual([]);
  });

  it('lets Redis forget what is too old for anybody', async () => {
    await one.call(1, { staleFor: '30s' });
    const left = await redis.pttl(await written());
    expect(left).toBeGreaterThan(25_000);
    expect(left).toBeLessThanOrEqual(30_000);
  });

  it('knows the age of what another process has kept', async () => {
    await one.call('value');
    await written();
    const options = { freshFor: 200 };
    expect(await two.call('other', options)).toBe('value');
    await new Promise(resolve => setTimeout(resolve, 250));
    expect(await two.call('other', options)).toBe('other');
    expect(two.hits).toEqual(['fresh']);
  });

  it('delays no call by more than its deadline while Redis hangs', async () => {
    await one.call('value');
    await written();
    server.signal('SIGSTOP');
    try {
      const begun = performance.now();
      await expect(
        one.call('new', { freshFor: '10s', deadline: 100 }),
      ).resolves.toBe('new');
      await expect(one.call(down, { deadline: 100 })).rejects.toBe(down);
      const took = performance.now() - begun;
      expect(took).toBeGreaterThanOrEqual(195);
      expect(took).toBeLessThan(600);
      expect(one.reported).toContain("the cache store's get");
    } finally {
      server.signal('SIGCONT');
    }
  });

  it('fails no call while Redis is gone, and goes on when it is back', async () => {
    await one.call('value');
    await written();
    await server.kill();
    const begun = performance.now();
    await expect(one.call('new', { freshFor: '10s' })).resolves.toBe('new');
    await expect(one.call(down)).rejects.toBe(down);
    expect(performance.now() - begun).toBeLessThan(600);
    await server.restart();
    for (;;) {
      await one.call('again');
      const answer = await one.call(down).catch(() => undefined);
      if (answer === 'again') break;
      await new Promise(resolve => setTimeout(resolve, 20));
    }
  }, 30_000);
});
