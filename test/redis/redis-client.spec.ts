import { afterEach, describe, expect, it } from '@jest/globals';
import { Cluster, Redis, type RedisOptions } from 'ioredis';
import {
  openConnection,
  type FleetClient,
  type FleetConnection,
} from '../../lib/redis/redis-client.js';

/** Nobody listens there. */
const NOWHERE = { host: '127.0.0.1', port: 1 };

/** Of the fleet's own, whatever the user has set. */
const OWN = {
  lazyConnect: false,
  enableOfflineQueue: false,
  autoResendUnfulfilledCommands: false,
  autoResubscribe: false,
  maxRetriesPerRequest: 0,
  commandTimeout: 300,
  socketTimeout: 300,
  connectTimeout: 1_000,
  keepAlive: 10_000,
  keyPrefix: '',
};

/** What a user may have set, and a fleet cannot use. */
const USERS = {
  ...NOWHERE,
  db: 3,
  password: 'secret',
  keyPrefix: 'shop:',
  lazyConnect: true,
  enableOfflineQueue: true,
  maxRetriesPerRequest: null,
  commandTimeout: 9_999,
  retryStrategy: () => null,
};

const opened: FleetClient[] = [];

function open(connection: FleetConnection, timeout = 300): FleetClient {
  const client = openConnection(connection, timeout);
  opened.push(client);
  return client;
}

function optionsOf(connection: FleetConnection, timeout?: number) {
  return open(connection, timeout).options as RedisOptions;
}

afterEach(() => {
  for (const each of opened.splice(0)) each.disconnect();
});

describe('a connection of the fleet’s own', () => {
  it('is made of a URL', () => {
    expect(optionsOf('redis://:secret@127.0.0.1:1/3')).toMatchObject({
      ...OWN,
      ...NOWHERE,
      db: 3,
      password: 'secret',
    });
  });

  it('is made of settings, without those that it cannot use', () => {
    const options = optionsOf({ ...USERS, replyMapping: 'map' } as never);
    expect(options).toMatchObject({ ...OWN, ...NOWHERE, db: 3 });
    expect(options.password).toBe('secret');
    expect(options.retryStrategy!(1)).toBe(100);
    const plain = optionsOf(USERS) as { replyMapping?: unknown };
    expect((options as typeof plain).replyMapping).toBe(plain.replyMapping);
  });

  it('is made of a client, which is left alone', () => {
    const client = new Redis(USERS);
    const connection = open(client);
    expect(connection).toBeInstanceOf(Redis);
    expect(connection).not.toBe(client);
    expect(connection.options).toMatchObject({ ...OWN, ...NOWHERE, db: 3 });
    expect(client.status).toBe('wait');
    expect(client.options.keyPrefix).toBe('shop:');
  });

  it('is made of a cluster, with the settings of its nodes', () => {
    const client = new Cluster([NOWHERE], {
      lazyConnect: true,
      keyPrefix: 'shop:',
      enableOfflineQueue: true,
      clusterRetryStrategy: () => null,
      redisOptions: { password: 'secret', commandTimeout: 9_999 },
    });
    const connection = open(client) as Cluster;
    expect(connection).toBeInstanceOf(Cluster);
    expect(connection).not.toBe(client);
    const { options } = connection;
    expect(options).toMatchObject({
      lazyConnect: false,
      enableOfflineQueue: false,
      keyPrefix: '',
    });
    expect(options.clusterRetryStrategy!(1)).toBe(100);
    const { lazyConnect: _, ...ofNodes } = OWN;
    expect(options.redisOptions).toMatchObject({
      ...ofNodes,
      password: 'secret',
      // A node is connected by its first command.
      enableOfflineQueue: true,
    });
    expect(options.redisOptions).not.toHaveProperty('retryStrategy');
    expect(client.status).toBe('wait');
  });

  it('is made of a cluster whose nodes have no settings', () => {
    const bare = new Cluster([NOWHERE], { lazyConnect: true });
    delete (bare.options as { redisOptions?: unknown }).redisOptions;
    const ofNodes = (open(bare) as Cluster).options.redisOptions;
    expect(ofNodes).toMatchObject({ commandTimeout: 300 });
  });

  it('has a second at least to be made', () => {
    expect(optionsOf(NOWHERE, 999).connectTimeout).toBe(1_000);
    expect(optionsOf(NOWHERE, 1_500).connectTimeout).toBe(1_500);
  });

  it('is tried again soon, and later every second, for ever', () => {
    const { retryStrategy } = optionsOf(NOWHERE);
    const waits = [1, 2, 3, 4, 5, 6, 100, 1e6].map(times =>
      retryStrategy!(times),
    );
    expect(waits).toEqual([100, 200, 400, 800, 1e3, 1e3, 1e3, 1e3]);
  });

  it('is made anew where the server has become a replica, and for no other error', () => {
    const { reconnectOnError } = optionsOf(NOWHERE);
    const verdicts = [
      'READONLY You can’t write against a read only replica.',
      'ERR Error running script: @user_script:7: -READONLY You can’t write',
      'NOTREADONLY',
      'READONLYISH',
      'OOM command not allowed',
    ].map(message => reconnectOnError!(new Error(message)));
    expect(verdicts).toEqual([true, true, false, false, false]);
  });

  it('keeps the errors of its attempts to itself', () => {
    expect(open(NOWHERE).listenerCount('error')).toBe(1);
    expect(() =>
      open(NOWHERE).emit('error', new Error('refused')),
    ).not.toThrow();
  });
});
