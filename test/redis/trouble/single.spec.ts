import {
  afterAll,
  afterEach,
  beforeAll,
  describe,
  expect,
  it,
  jest,
} from '@jest/globals';
import type { Redis } from 'ioredis';
import type { CircuitBreakerFleetOptions } from '../../../lib/redis/fleet-options.js';
import { hasRedis, RedisServer } from '../redis-server.js';
import { pause, takeThrough, until, type Trouble } from './course.js';
import { collectGarbage } from '../../support/garbage.js';
import { Member } from './member.js';
import { Proxy } from './proxy.js';

jest.setTimeout(40_000);

(hasRedis() ? describe : describe.skip)('a fleet whose one server', () => {
  let server: RedisServer;
  let admin: Redis;
  let namespaces = 0;
  const members: Member[] = [];

  beforeAll(async () => {
    server = await RedisServer.start();
    admin = server.connect();
  });

  afterAll(async () => {
    server.signal('SIGCONT');
    admin.disconnect();
    await server.stop();
  });

  afterEach(async () => {
    server.signal('SIGCONT');
    await Promise.all(members.splice(0).map(each => each.leave()));
  });

  function join(settings: CircuitBreakerFleetOptions): Member {
    const member = new Member(settings);
    members.push(member);
    return member;
  }

  function options(port = server.port) {
    return {
      connection: { host: '127.0.0.1', port },
      namespace: `trouble-${++namespaces}`,
    };
  }

  const troubles: Record<string, Trouble> = {
    'is out of memory': {
      begin: () => admin.config('SET', 'maxmemory', '1'),
      end: () => admin.config('SET', 'maxmemory', '0'),
    },
    'has become read-only, as the replica of another': {
      begin: () => admin.call('REPLICAOF', '127.0.0.1', '1'),
      end: () => admin.call('REPLICAOF', 'NO', 'ONE'),
    },
    'is stopped': {
      begin: () => server.signal('SIGSTOP'),
      end: () => server.signal('SIGCONT'),
    },
    'pauses its clients': {
      begin: () => admin.client('PAUSE', 2_500),
      end: () => pause(1_000),
    },
    'is killed, and restarted empty': {
      begin: () => server.kill(),
      end: () => server.restart(),
    },
    'asks for a password that nobody has': {
      begin: async () => {
        await admin.config('SET', 'requirepass', 'secret');
        await admin.call('CLIENT', 'KILL', 'TYPE', 'normal');
      },
      end: () => admin.config('SET', 'requirepass', ''),
    },
  };

  it.each(Object.keys(troubles))(
    '%s: no call fails or waits, and the way back is its own',
    async what => {
      await takeThrough(options(), troubles[what]!);
    },
  );

  it('loses its scripts goes on as if nothing had been', async () => {
    const shared = options();
    join(shared);
    join(shared);
    await until(() => members.every(({ instances }) => instances === 2));
    await admin.script('FLUSH');
    for (const each of members) each.breakDown(each.search);
    await until(() =>
      members.every(({ search }) => search.snapshot().shared?.state === 'open'),
    );
    for (const each of members) {
      expect(each.lines()).toEqual({ lost: 0, joined: 1 });
    }
  });

  it('is slow, but not over the timeout, stays joined', async () => {
    const shared = { ...options(), timeout: 2_000 };
    join(shared);
    join(shared);
    await until(() => members.every(({ instances }) => instances === 2));
    for (let round = 0; round < 4; round++) {
      await admin.client('PAUSE', 120);
      await pause(170);
    }
    for (const each of members) {
      expect(each).toMatchObject({ joined: true, waited: 0, failed: 0 });
      expect(each.lines()).toEqual({ lost: 0, joined: 1 });
    }
  });

  it('is cut off from some: the others go on together, and all agree at the end', async () => {
    const proxy = await Proxy.open(server.port);
    const shared = options();
    const beyond = { ...shared, connection: options(proxy.port).connection };
    const here = [join(shared), join(shared)];
    const there = join(beyond);
    const all = [...here, there];
    await until(() => all.every(({ instances }) => instances === 3));

    proxy.cut();
    await until(() => !there.joined);
    const sent = proxy.received;
    // Those here are a quorum; the one beyond hears nothing of it.
    for (const each of here) each.breakDown(each.search);
    await until(() => here.every(({ search }) => search.state === 'open'));
    here[0]!.inventory.forceOpen('maintenance');
    await until(() => here.every(({ instances }) => instances === 2));
    await pause(1_000);
    expect(there.search.state).toBe('closed');
    expect(there.inventory.state).toBe('closed');
    for (const each of here) expect(each.joined).toBe(true);
    // One request over and over, on a connection that is made anew each time.
    expect(proxy.received - sent).toBeLessThan(20_000);

    proxy.mend();
    await until(() => there.joined && there.search.state === 'open');
    await until(() => there.inventory.state === 'forced-open');
    await until(() => all.every(({ instances }) => instances === 3));
    const generations = all.map(
      ({ search }) => search.snapshot().shared!.generation,
    );
    expect(new Set(generations).size).toBe(1);
    expect(here.map(each => each.lines().lost)).toEqual([0, 0]);
    expect(there.lines()).toEqual({ lost: 1, joined: 2 });
    for (const each of all) {
      expect(each).toMatchObject({ waited: 0, failed: 0 });
    }
    proxy.close();
  });

  it('is stopped costs no memory, however many calls there are meanwhile', async () => {
    const member = join(options());
    await until(() => member.joined);
    server.signal('SIGSTOP');
    await until(() => !member.joined);
    const run = async () => {
      for (let round = 0; round < 20; round++) {
        for (let call = 0; call < 5_000; call++) {
          member.payments.tryAcquire()?.success();
        }
        await pause(20);
      }
      return collectGarbage();
    };
    const before = await run();
    const after = await run();
    expect(after - before).toBeLessThan(1_000_000);
    server.signal('SIGCONT');
    await until(() => member.joined);
  });
});
