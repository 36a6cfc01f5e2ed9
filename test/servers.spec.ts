import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  afterEach,
  beforeEach,
  describe,
  expect,
  it,
  jest,
} from '@jest/globals';
import { freePort } from './support/nest-app.js';
import {
  answersOrStarts,
  hasServer,
  SERVERS,
  type ServerName,
} from './support/servers.js';

let told: jest.SpiedFunction<typeof process.stderr.write>;
const before = process.env['CI'];

beforeEach(() => {
  delete process.env['CI'];
  told = jest.spyOn(process.stderr, 'write').mockReturnValue(true);
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

    expect(answersOrStarts('it', port, 'false')).toBe(true);
    server.close();
  });

  it('is started where it does not', async () => {
    const port = await freePort();
    try {
      expect(answersOrStarts('it', port, listenAt(port))).toBe(true);
      expect(told).not.toHaveBeenCalled();
    } finally {
      await stop(port);
    }
  });

  it('is started once, however many suites need it', async () => {
    const port = await freePort();
    const starts = mkdtempSync(join(tmpdir(), 'starts-'));
    const command = `touch ${starts}/$$; sleep 0.5; exec ${listenAt(port)}`;
    const suite = `node test/support/start-server.mjs ${port} sh -c '${command.replaceAll(`'`, `'\\''`)}'`;
    try {
      const { status } = spawnSync('sh', [
        '-c',
        `${suite} & ${suite} & wait $! && ls ${starts} | wc -l | grep -qx 1`,
      ]);
      expect(status).toBe(0);
    } finally {
      await stop(port);
      rmSync(starts, { recursive: true });
    }
  });

  it('is told loudly to be missing where it cannot be started', async () => {
    const port = await freePort();

    expect(answersOrStarts('it', port, 'false')).toBe(false);
    expect(answersOrStarts('it', port, 'no-such-program')).toBe(false);
    expect(told).toHaveBeenCalledTimes(2);
    expect(told).toHaveBeenCalledWith(expect.stringContaining('NOT tested'));
  });

  it('fails the suite in CI', async () => {
    process.env['CI'] = 'true';
    const port = await freePort();

    expect(() => answersOrStarts('it', port, 'false')).toThrow('NOT tested');
  });
});

/** Jest, told to run some suites. */
function runSuites(env: NodeJS.ProcessEnv, ...paths: string[]) {
  const { NODE_OPTIONS: _, ...own } = process.env;
  const { status, stderr } = spawnSync(
    process.execPath,
    [
      '--experimental-vm-modules',
      'node_modules/jest/bin/jest.js',
      '--runTestsByPath',
      ...paths,
    ],
    { env: { ...own, ...env }, encoding: 'utf8' },
  );
  return { status, output: stderr };
}

/** Suites of Redis and of a browser, where neither is. */
const runWithout = (env: NodeJS.ProcessEnv) =>
  runSuites(
    { REDIS_SERVER: '/no/redis-server', CHROMIUM: '/no/chromium', ...env },
    'test/redis/stale-cache.spec.ts',
    'test/browser/dashboard.spec.ts',
    'test/browser/sample-app.spec.ts',
  );

describe('suites without their program', () => {
  it('say so and are skipped', () => {
    const { status, output } = runWithout({});
    expect(output).toContain('the fleet was NOT tested');
    expect(output.split('NOT tested in a browser')).toHaveLength(1 + 2);
    expect(output).toMatch(/Test Suites: 3 skipped, 0 of 3 total/);
    expect(status).toBe(0);
  }, 60_000);

  it('fail in CI', () => {
    const { status, output } = runWithout({ CI: 'true' });
    expect(output).toMatch(/Test Suites: 3 failed, 3 total/);
    expect(status).toBe(1);
  }, 60_000);
});

describe('a suite whose server cannot be had', () => {
  const folder = mkdtempSync('test/without-server-');
  const path = join(folder, 'suite.spec.ts');

  beforeEach(async () => {
    writeFileSync(
      path,
      `import { expect, it } from '@jest/globals';
       import { hasServer } from '../support/servers.js';
       const isThere = hasServer('nats', ${await freePort()});
       (isThere ? it : it.skip)('asks', () => expect(isThere).toBe(true));`,
    );
  });

  afterEach(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  it('says so and is skipped, and fails in CI', () => {
    const here = runSuite({});
    expect(here.output).toContain('what needs it was NOT tested');
    expect(here.output).toMatch(/Tests: +1 skipped, 1 total/);
    expect(here.status).toBe(0);

    const inCi = runSuite({ CI: 'true' });
    expect(inCi.output).toContain('what needs it was NOT tested');
    expect(inCi.output).toMatch(/Test Suites: 1 failed, 1 total/);
    expect(inCi.status).toBe(1);
  }, 60_000);

  /** With no program but those of the system's own. */
  function runSuite(env: NodeJS.ProcessEnv) {
    return runSuites({ ...env, PATH: '/bin' }, path);
  }
});

describe.each(Object.keys(SERVERS) as ServerName[])('%s', name => {
  const isInstalled = {
    redis: 'redis-server --version',
    nats: 'nats-server --version',
    rabbitmq: 'command -v rabbitmq-server',
    postgres: 'ls /usr/lib/postgresql/*/bin/initdb || command -v initdb',
  }[name];

  it('is started by the set-up where its programs are', async () => {
    const port = await freePort();
    const isThere = spawnSync('sh', ['-c', isInstalled]).status === 0;
    try {
      expect(hasServer(name, port)).toBe(isThere);
      expect(told).toHaveBeenCalledTimes(isThere ? 0 : 1);
    } finally {
      if (isThere) await stop(port);
      rmSync(join(tmpdir(), `nestjs-breaker-${name}-${port}`), {
        recursive: true,
        force: true,
      });
    }
  }, 180_000);
});

function listenAt(port: number): string {
  return `node -e "require('net').createServer().listen(${port}, '127.0.0.1')"`;
}

/** With all of its processes; the set-up gave them a group. */
async function stop(port: number): Promise<void> {
  const path = join(tmpdir(), `nestjs-breaker-server-${port}.pid`);
  process.kill(-Number(readFileSync(path, 'utf8')));
  rmSync(path);
  while (await answers(port)) {
    await new Promise(resolve => setTimeout(resolve, 50));
  }
}

function answers(port: number): Promise<boolean> {
  return new Promise(resolve => {
    const socket = connect(port, '127.0.0.1');
    // Whether it says goodbye is its own affair: one that is ending may not.
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
