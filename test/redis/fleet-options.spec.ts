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

  it('refuse functions that duplicate themselves: a client is an object', () => {
    const client = Object.assign(() => {}, { duplicate() {} });
    expect(() => parse({ client })).toThrow(/client/);
  });
});
