import { once } from 'node:events';
import { createServer } from 'node:net';
import {
  afterEach,
  beforeEach,
  describe,
  expect,
  it,
  jest,
} from '@jest/globals';
import { freePort } from './support/nest-app.js';
import { answersOrStarts } from './support/servers.js';

let warn: jest.SpiedFunction<typeof console.warn>;
const before = process.env['CI'];

beforeEach(() => {
  delete process.env['CI'];
  warn = jest.spyOn(console, 'warn').mockReturnValue();
});

afterEach(() => {
  if (before === undefined) delete process.env['CI'];
  else process.env['CI'] = before;
  jest.restoreAllMocks();
});

describe('a server that a suite needs', () => {
  it('is taken as it is where it answers', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as { port: number };

    expect(await answersOrStarts('it', { port, start: ['false'] })).toBe(true);
    server.close();
  });

  it('is started where it does not', async () => {
    const port = await freePort();
    // It ends by itself.
    const program = `require('net').createServer().listen(${port}, '127.0.0.1'); setTimeout(() => process.exit(), 3000)`;
    const start = [
      'sh',
      '-c',
      `node -e "${program}" >/dev/null 2>&1 &`,
    ] as const;

    expect(await answersOrStarts('it', { port, start: [...start] })).toBe(true);
    expect(warn).not.toHaveBeenCalled();
  });

  it('is told loudly to be missing where it cannot be started', async () => {
    const port = await freePort();

    expect(await answersOrStarts('it', { port, start: ['false'] })).toBe(false);
    expect(
      await answersOrStarts('it', { port, start: ['no-such-program'] }),
    ).toBe(false);
    expect(warn).toHaveBeenCalledTimes(2);
    expect(warn).toHaveBeenCalledWith(expect.stringContaining('NOT tested'));
  });

  it('fails the suite in CI', async () => {
    process.env['CI'] = 'true';
    const port = await freePort();

    await expect(
      answersOrStarts('it', { port, start: ['false'] }),
    ).rejects.toThrow('NOT tested');
  });
});
