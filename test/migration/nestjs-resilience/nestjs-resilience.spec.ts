import * as common from '@nestjs/common';
import * as core from '@nestjs/core';
import { Logger } from '@nestjs/common';
import { Test, type TestingModule } from '@nestjs/testing';
import {
  afterEach,
  beforeEach,
  describe,
  expect,
  it,
  jest,
} from '@jest/globals';
import { callTimes, StatusError } from '../payments.js';
import { AppAfter } from './after.js';
import { Users, type UsersService } from './users.js';

// It is CommonJS and Nest 12 is not: Node can `require` that, Jest on Node 20 cannot.
jest.mock('@nestjs/common', () => common);
jest.mock('@nestjs/core', () => core);
const { AppBefore } = await import('./before.js');

interface Shop {
  readonly users: Users;
  readonly service: UsersService;
}

const modules: TestingModule[] = [];
let old: Shop;
let now: Shop;

async function start(app: new () => object): Promise<Shop> {
  const module = await Test.createTestingModule({ imports: [app] }).compile();
  await module.init();
  modules.push(module);
  return { users: module.get(Users), service: module.get('users') };
}

const fails = async () => {
  throw new Error('the users are down');
};
const hangs = () => new Promise<never>(() => {});

beforeEach(async () => {
  jest.useFakeTimers();
  Logger.overrideLogger(false);
  old = await start(AppBefore);
  now = await start(AppAfter);
});

afterEach(async () => {
  for (const module of modules.splice(0)) await module.close();
  jest.useRealTimers();
});

/** What becomes of a call, once all timers that it may need have run. */
async function settled<T>(call: Promise<T>): Promise<unknown> {
  const result = call.catch((error: unknown) => error);
  await jest.advanceTimersByTimeAsync(10_000);
  return result;
}

describe.each<[string, () => Shop]>([
  ['nestjs-resilience', () => old],
  ['nestjs-breaker', () => now],
])('with %s the shop', (_name, shop) => {
  it('gets its users', async () => {
    const { service } = shop();
    expect(await settled(service.getUser(7))).toEqual({ id: 7, name: 'Ada' });
  });

  it('makes three attempts, of a second each, and falls back', async () => {
    const { service, users } = shop();
    users.answer = hangs;
    expect(await settled(service.getUser(7))).toEqual({ id: 7 });
    expect(users.calls).toBe(3);
  });

  it('makes two attempts with two "retries" of the default backoff there', async () => {
    const { service, users } = shop();
    users.answer = fails;
    expect(await settled(service.retried(7))).toBeInstanceOf(Error);
    expect(users.calls).toBe(2);
  });

  it('opens on an outage, refuses, and closes after the wait', async () => {
    const { service, users } = shop();
    users.answer = fails;
    await callTimes(10, () => service.guarded(7));
    expect(users.calls).toBe(10);
    await callTimes(5, () => service.guarded(7));
    expect(users.calls).toBe(10);
    await jest.advanceTimersByTimeAsync(5_000);
    users.answer = async id => ({ id });
    await callTimes(2, () => service.guarded(7));
    expect(await service.guarded(7)).toEqual({ id: 7 });
    expect(users.calls).toBe(13);
  });

  it('keeps an answer', async () => {
    const { service, users } = shop();
    users.points = 5;
    const answers = await callTimes(2, () => service.score(7));
    expect(answers).toEqual([5, 5]);
    expect(users.calls).toBe(1);
  });

  it('lets one call run and one wait', async () => {
    const { service, users } = shop();
    users.answer = id =>
      new Promise(resolve => {
        setTimeout(() => resolve({ id }), 100);
      });
    const calls = [1, 2, 3].map(id =>
      service.oneByOne(id).catch(() => 'refused'),
    );
    await jest.advanceTimersByTimeAsync(300);
    expect(await Promise.all(calls)).toEqual([{ id: 1 }, { id: 2 }, 'refused']);
  });

  it('lets two calls start in a second', async () => {
    const { service, users } = shop();
    const results = await callTimes(3, () => service.twoASecond(7));
    expect(results[2]).toBeInstanceOf(Error);
    expect(users.calls).toBe(2);
    await jest.advanceTimersByTimeAsync(1_001);
    expect(await service.twoASecond(7)).toMatchObject({ id: 7 });
  });
});

describe('what the table says is different', () => {
  it('errors are HTTP exceptions, there plain ones that are a 500', async () => {
    const statuses: number[][] = [];
    for (const { service, users } of [old, now]) {
      users.answer = hangs;
      const late = await settled(service.inTime(7));
      users.answer = fails;
      await callTimes(10, () => service.guarded(7));
      const [open] = await callTimes(1, () => service.guarded(7));
      users.answer = async id => ({ id });
      const [, , spent] = await callTimes(3, () => service.twoASecond(7));
      statuses.push([late, open, spent].map(statusOf));
    }
    expect(statuses).toEqual([
      [500, 500, 500],
      [504, 503, 429],
    ]);
  });

  it('the share is that of the window; there counters are emptied at the volume', async () => {
    // Nine successes and a failure empty the counters there; here the window keeps them.
    for (const { service, users } of [old, now]) {
      await callTimes(9, () => service.guarded(7));
      users.answer = fails;
      await callTimes(9, () => service.guarded(7));
      users.calls = 0;
      users.answer = async id => ({ id });
      await callTimes(1, () => service.guarded(7));
    }
    // Here the ninth failure of eighteen calls has opened it; there eight failures are counted since.
    expect([old.users.calls, now.users.calls]).toEqual([1, 0]);
  });

  it('probes are bounded, there every call passes in half-open', async () => {
    for (const { service, users } of [old, now]) {
      users.answer = fails;
      await callTimes(10, () => service.guarded(7));
      await jest.advanceTimersByTimeAsync(5_000);
      users.calls = 0;
      users.answer = id =>
        new Promise(resolve => {
          setTimeout(() => resolve({ id }), 100);
        });
      const calls = [1, 2, 3, 4, 5].map(id =>
        service.guarded(id).catch(() => 'refused'),
      );
      await jest.advanceTimersByTimeAsync(100);
      await Promise.all(calls);
    }
    expect([old.users.calls, now.users.calls]).toEqual([5, 1]);
  });

  it('0 is a value for the cache, there it is none', async () => {
    for (const { service } of [old, now]) {
      await callTimes(3, () => service.score(7));
    }
    expect([old.users.calls, now.users.calls]).toEqual([3, 1]);
  });

  it('an answer of the service is no failure and not retried, there it is both', async () => {
    for (const { service, users } of [old, now]) {
      users.answer = async () => {
        throw new StatusError(404);
      };
      await settled(service.getUser(7));
      const retried = users.calls;
      await callTimes(12, () => service.guarded(7));
      users.answer = async id => ({ id });
      const [after] = await callTimes(1, () => service.guarded(7));
      expect([retried, after]).toEqual(
        service === old.service ? [3, expect.any(Error)] : [1, { id: 7 }],
      );
    }
  });
});

/** What Nest answers an HTTP client. */
function statusOf(error: unknown): number {
  return error instanceof common.HttpException ? error.getStatus() : 500;
}
