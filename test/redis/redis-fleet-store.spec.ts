import { createHash } from 'node:crypto';
import { beforeEach, describe, expect, it } from '@jest/globals';
import type {
  Announcement,
  ExchangeRequest,
  FleetListener,
} from '../../lib/redis/fleet-store.js';
import { RedisFleetStore } from '../../lib/redis/redis-fleet-store.js';
import { exchangeScript } from '../../lib/redis/script/exchange.js';
import { FakeRedis } from './fake-redis.js';
import { settled } from './scripted-fleet.js';

const REQUEST = {
  instance: 'me',
  circuits: [{ id: 'a' }, { id: 'b/c' }],
} as unknown as ExchangeRequest;
const REPLY = { epoch: 'e', rev: 1, instances: 1, circuits: [] };

let redis: FakeRedis;

function connect(namespace = 'shop {1}', script?: string): RedisFleetStore {
  const { client } = redis;
  return new RedisFleetStore({
    connection: client,
    namespace,
    timeout: 500,
    ...(script !== undefined && { script }),
  });
}

function answer(...answers: (() => unknown)[]): void {
  redis.commands.answers.push(...answers);
}

function throws(error: unknown) {
  return () => {
    throw error;
  };
}

beforeEach(() => {
  redis = new FakeRedis();
});

describe('an exchange at Redis', () => {
  const SHA = createHash('sha1').update('the script').digest('hex');
  const PREFIX = '{shop%20%7B1%7D}';
  const ARGS = [
    5,
    `${PREFIX}:fleet`,
    `${PREFIX}:alive`,
    `${PREFIX}:seq:me`,
    `${PREFIX}:circuit:a`,
    `${PREFIX}:circuit:b/c`,
    JSON.stringify(REQUEST),
    `${PREFIX}:announcements`,
  ];

  it('calls the script by its hash, with all keys under one hash tag', async () => {
    answer(() => JSON.stringify(REPLY));
    const store = connect('shop {1}', 'the script');
    expect(await store.exchange(REQUEST)).toEqual(REPLY);
    expect(redis.commands.commands).toEqual([['evalsha', SHA, ...ARGS]]);
  });

  it('calls the script of the fleet', async () => {
    answer(() => JSON.stringify(REPLY));
    await connect().exchange(REQUEST, 'more');
    const sha = createHash('sha1').update(exchangeScript()).digest('hex');
    expect(redis.commands.commands).toEqual([
      ['evalsha', sha, ...ARGS, 'more'],
    ]);
  });

  it('sends the script where the server does not have it', async () => {
    answer(throws(new Error('NOSCRIPT No matching script.')), () =>
      JSON.stringify(REPLY),
    );
    const store = connect('shop {1}', 'the script');
    expect(await store.exchange(REQUEST)).toEqual(REPLY);
    expect(redis.commands.commands).toEqual([
      ['evalsha', SHA, ...ARGS],
      ['eval', 'the script', ...ARGS],
    ]);
  });

  it.each([
    ['another error', new Error('OOM, and NOSCRIPT is no matter')],
    ['what is no error', 'NOSCRIPT'],
    ['what only looks like one', { message: 'NOSCRIPT' }],
  ])('fails with %s', async (_, error) => {
    answer(throws(error));
    await expect(connect().exchange(REQUEST)).rejects.toBe(error);
    expect(redis.commands.commands).toHaveLength(1);
  });

  it('fails where the answer is none', async () => {
    answer(() => 'OK');
    await expect(connect().exchange(REQUEST)).rejects.toThrow();
  });

  it('has keys of a namespace that is no valid text', async () => {
    answer(() => JSON.stringify(REPLY));
    await connect('\ud800').exchange(REQUEST);
    expect(redis.commands.commands[0]).toContain('{%EF%BF%BD}:fleet');
  });
});

describe('announcements at Redis', () => {
  let heard: (Announcement | 'resumed')[];
  const listener: FleetListener = {
    announced: announcement => void heard.push(announcement),
    resumed: () => void heard.push('resumed'),
  };
  const WANTED = { id: 'a', rev: 1, epoch: 'e', what: 'wanted', gen: 5 };
  const SUBSCRIBED = ['subscribe', '{shop}:announcements'];

  beforeEach(() => {
    heard = [];
  });

  it('are subscribed to when the connection is there, each time', async () => {
    const { subscriber } = redis;
    connect('shop').open(listener);
    await settled();
    expect(subscriber.commands).toEqual([]);
    subscriber.emit('ready');
    await settled();
    expect(subscriber.commands).toEqual([SUBSCRIBED]);
    expect(heard).toEqual(['resumed']);
    subscriber.emit('ready');
    await settled();
    expect(subscriber.commands).toEqual([SUBSCRIBED, SUBSCRIBED]);
    expect(heard).toEqual(['resumed', 'resumed']);
  });

  it('are subscribed to at once on a connection that is there already', async () => {
    redis.subscriber.status = 'ready';
    connect('shop').open(listener);
    await settled();
    expect(redis.subscriber.commands).toEqual([SUBSCRIBED]);
    expect(heard).toEqual(['resumed']);
  });

  it('are subscribed to anew after a connection that is gone at once', async () => {
    const { subscriber } = redis;
    subscriber.answers.push(throws(new Error('gone')), () => 1);
    connect('shop').open(listener);
    subscriber.emit('ready');
    await settled();
    expect(heard).toEqual([]);
    subscriber.emit('ready');
    await settled();
    expect(heard).toEqual(['resumed']);
  });

  it('are told, and nothing else that is published', () => {
    connect('shop').open(listener);
    const { subscriber } = redis;
    subscriber.emit('message', 'channel', 'garbage');
    subscriber.emit('message', 'channel', JSON.stringify(WANTED));
    expect(heard).toEqual([WANTED]);
  });

  it('are not resumed once the store is let go', async () => {
    const store = connect('shop');
    store.open(listener);
    redis.subscriber.emit('ready');
    await store.close();
    await settled();
    expect(heard).toEqual([]);
  });
});

describe('a store that is let go', () => {
  it('ends both of its connections', async () => {
    await connect().close();
    const { commands, subscriber } = redis;
    expect([commands.disconnected, subscriber.disconnected]).toEqual([1, 1]);
  });
});
