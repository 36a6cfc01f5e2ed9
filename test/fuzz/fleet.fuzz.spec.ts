import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { Redis } from 'ioredis';
import { Circuit } from '../../lib/index.js';
import { Fleet } from '../../lib/redis/fleet.js';
import { RedisFleetStore } from '../../lib/redis/redis-fleet-store.js';
import { systemClock } from '../../lib/state/clock.js';
import { hasRedis, RedisServer } from '../redis/redis-server.js';
import { fuzzSettings, oddText } from './bad-input.js';

const NAMESPACE = 'fuzz';
const CHANNEL = `{${NAMESPACE}}:announcements`;
const ID = 'payments';

const json = fc.oneof(
  fc.jsonValue({ maxDepth: 1 }),
  oddText,
  fc.constantFrom<unknown>(-1, 1e300, 1.5, '1', null, [], {}),
);

/** A member of a fleet on a real server, and what it logged. */
class Member {
  readonly warnings: string[] = [];
  readonly circuit = new Circuit(ID, { openJitter: 0 });
  readonly fleet: Fleet;

  constructor(port: number, name: string) {
    const warn = (message: string) => void this.warnings.push(message);
    let ids = 0;
    this.fleet = new Fleet(
      {
        namespace: NAMESPACE,
        flushInterval: 10,
        pollInterval: 100,
        quorum: 2,
        window: { duration: 1_000, buckets: 20 },
        ttl: 60_000,
      },
      {
        store: new RedisFleetStore({
          connection: `redis://127.0.0.1:${port}`,
          namespace: NAMESPACE,
          timeout: 1_000,
        }),
        clock: systemClock,
        logger: { log() {}, warn, error: warn },
        newId: () => `${name}-${++ids}`,
        prepare: (circuit, { patch, renewed }) =>
          circuit.preparePatch(patch, renewed),
      },
    );
    this.fleet.attach(this.circuit);
    this.fleet.start();
  }
}

async function until(holds: () => boolean): Promise<void> {
  for (const end = Date.now() + 8_000; !holds();) {
    if (Date.now() > end) throw new Error('not within eight seconds');
    await new Promise(resolve => setTimeout(resolve, 5));
  }
}

const describeWithRedis = hasRedis() ? describe : describe.skip;

describeWithRedis('a fleet among bad input', () => {
  let server: RedisServer;
  let client: Redis;
  let one: Member;
  let two: Member;
  const failures: unknown[] = [];
  const note = (error: unknown) => void failures.push(error);
  /** What an announcement of this fleet looks like, with its own epoch. */
  let real: Record<string, unknown>;

  beforeAll(async () => {
    process.on('uncaughtException', note);
    process.on('unhandledRejection', note);
    server = await RedisServer.start();
    client = server.connect();
    const listener = server.connect();
    const heard: string[] = [];
    listener.on('message', (_channel: string, text: string) =>
      heard.push(text),
    );
    await listener.subscribe(CHANNEL);
    one = new Member(server.port, 'one');
    two = new Member(server.port, 'two');
    await until(() => one.fleet.joined && two.fleet.joined);
    one.circuit.forceOpen('maintenance');
    await until(() => two.circuit.state === 'forced-open');
    one.circuit.reset();
    await until(() => two.circuit.state === 'closed' && heard.length >= 2);
    real = JSON.parse(heard.at(-1)!) as Record<string, unknown>;
    listener.disconnect();
  });

  afterAll(async () => {
    await one.fleet.stop();
    await two.fleet.stop();
    client.disconnect();
    await server.stop();
    process.off('uncaughtException', note);
    process.off('unhandledRejection', note);
  });

  /** Orders still reach everybody. */
  async function isAlive(): Promise<void> {
    const settled = () => one.fleet.joined && two.fleet.joined;
    await until(settled);
    one.circuit.forceOpen('a sign of life');
    await until(() => two.circuit.state === 'forced-open');
    two.circuit.reset();
    await until(() => one.circuit.state === 'closed');
    expect(failures).toEqual([]);
  }

  async function publish(messages: readonly string[]): Promise<void> {
    for (const each of messages) await client.publish(CHANNEL, each);
    // A later message of the same connection: those before it have been read.
    await new Promise(resolve => setTimeout(resolve, 20));
  }

  it('passes over messages that are none of its own', async () => {
    const { generation } = two.circuit;
    const { rules } = two.circuit;
    const messages = fc.sample(
      fc.oneof(oddText, fc.json({ maxDepth: 3 })),
      fuzzSettings,
    );
    await publish(messages);
    expect(failures).toEqual([]);
    expect(two.circuit.generation).toBe(generation);
    expect(two.circuit.rules).toBe(rules);
    await isAlive();
  });

  it('passes over announcements with anything wrong in them', async () => {
    const state = real['state'] as Record<string, unknown>;
    const field = fc.constantFrom(
      'state',
      'gen',
      'reason',
      'attempt',
      'left',
      'ordered',
      'config',
      'configGen',
    );
    const later = Number(state['gen']) + 1_000_000;
    // Newer than all that is known, so that nothing is passed over for its age.
    const newer = { ...state, state: 'open', left: 60_000, gen: later };
    const wrong = fc
      .tuple(field, json)
      .filter(([name, value]) => isWrong(name, value))
      .map(([name, value]) => ({
        ...real,
        state: { ...newer, configGen: later, [name]: value },
      }));
    const without = fc.constantFrom('state', 'what', 'rev', 'epoch');
    const broken = fc.oneof(
      { weight: 4, arbitrary: wrong },
      without.map(name => ({ ...real, state: newer, [name]: undefined })),
      json.map(value => ({ ...real, state: value })),
      json
        .filter(value => value !== 'state')
        .map(value => ({ ...real, what: value, gen: value })),
    );
    const { generation, rules } = two.circuit;
    for (const each of fc.sample(broken, fuzzSettings)) {
      await client.publish(CHANNEL, JSON.stringify(each));
    }
    await publish([]);
    expect(failures).toEqual([]);
    expect(two.circuit.state).toBe('closed');
    expect(two.circuit.generation).toBe(generation);
    expect(two.circuit.rules).toBe(rules);
    await isAlive();
  });

  it('decides alone while values in its keys are none of its own, and joins again', async () => {
    const keys = (await client.keys('*')).filter(key =>
      /:(fleet|alive|circuit:)/.test(key),
    );
    expect(keys.length).toBeGreaterThanOrEqual(3);
    const fields = [
      'state',
      'gen',
      'attempt',
      'due',
      'ordered',
      'config',
      'configGen',
      'bucket',
      'calls',
      'failures',
      'streak',
      'probes',
      'epoch',
      'rev',
    ];
    const damage = fc.tuple(
      fc.constantFrom(...keys),
      fc.constantFrom('string', 'list', 'field', 'field', 'field'),
      fc.constantFrom(...fields),
      fc.oneof(
        oddText.filter(text => text.length < 100),
        fc.json({ maxDepth: 1 }),
      ),
    );
    const sample = {
      ...fuzzSettings,
      numRuns: Math.ceil(fuzzSettings.numRuns / 10),
    };
    for (const [key, kind, name, value] of fc.sample(damage, sample)) {
      if (kind === 'field') {
        await client.hset(key, name, value).catch(() => {});
      } else {
        const write = client.multi().del(key);
        await (
          kind === 'list' ? write.lpush(key, value) : write.set(key, value)
        ).exec();
      }
      one.circuit.tryAcquire()?.success();
      await new Promise(resolve => setTimeout(resolve, 60));
      for (const { circuit } of [one, two]) {
        expect([
          'closed',
          'open',
          'half-open',
          'forced-open',
          'forced-closed',
        ]).toContain(circuit.state);
        const { retryAfter, since } = circuit.snapshot();
        expect(retryAfter === null || retryAfter >= 0).toBe(true);
        expect(Number.isFinite(since)).toBe(true);
        expect(() => circuit.wouldAdmit()).not.toThrow();
      }
      expect({ key, kind, name, value, failures }).toMatchObject({
        failures: [],
      });
      // Somebody cleans up.
      await client.flushall();
    }
    await isAlive();
  }, 120_000);
});

/** Whether a value cannot stand in a field. */
function isWrong(name: string, value: unknown): boolean {
  switch (name) {
    case 'reason':
      return typeof value !== 'string';
    case 'state':
      return ![
        'closed',
        'open',
        'half-open',
        'forced-open',
        'forced-closed',
      ].includes(value as string);
    // No other object that is drawn here has options in the form of these.
    case 'config':
      return JSON.stringify(value) !== '{}';
    default:
      return !(Number.isSafeInteger(value) && (value as number) >= 0);
  }
}
