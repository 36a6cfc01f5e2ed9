import { describe, expect, it } from '@jest/globals';
import { Redis } from 'ioredis';
import { fleetOptionsSchema } from '../../lib/redis/fleet-options.js';
import { parseOptions } from '../../lib/state/parse-options.js';

const parse = (options: unknown) =>
  parseOptions(fleetOptionsSchema, options as never, 'the fleet');

describe('options of a fleet', () => {
  it.each([
    ['a client', { client: new Redis({ lazyConnect: true }) }],
    ['what can duplicate itself', { client: { duplicate() {} } }],
    ['a URL', { connection: 'redis://localhost' }],
    ['settings', { connection: { port: 6380 } }],
  ])('take %s', (_, options) => {
    expect(parse(options)).toMatchObject(options);
  });

  it.each([
    ['client', null],
    ['client', 'redis://localhost'],
    ['client', {}],
    ['client', { duplicate: true }],
    ['client', () => {}],
    ['connection', ''],
    ['connection', 6379],
    ['connection', null],
    ['connection', [6379]],
  ])('refuse as %s: %j', (name, value) => {
    expect(() => parse({ [name]: value })).toThrow(name);
  });

  it.each(['flushInterval', 'timeout'])(
    'refuse a time that no timer waits for: %s',
    name => {
      for (const time of [0, '0s', 2 ** 31]) {
        expect(() => parse({ [name]: time })).toThrow(name);
      }
      expect(parse({ [name]: 1 })).toMatchObject({ [name]: 1 });
    },
  );

  it('refuse a time to live under which a flush could count twice', () => {
    expect(() => parse({ ttl: 9_999.9 })).toThrow(/at least '10s'/);
    expect(parse({ ttl: '10s' }).ttl).toBe(10_000);
    expect(parse({ ttl: 10_000.2 }).ttl).toBe(10_001);
  });

  it('refuse functions that duplicate themselves: a client is an object', () => {
    const client = Object.assign(() => {}, { duplicate() {} });
    expect(() => parse({ client })).toThrow(/client/);
  });
});
