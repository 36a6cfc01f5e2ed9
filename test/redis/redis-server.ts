import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { notTested } from '../support/not-tested.js';

/** Another one, to test with: `REDIS_SERVER=/usr/bin/valkey-server`. */
const CHOSEN = process.env['REDIS_SERVER'];

const BINARY = (
  CHOSEN === undefined ? ['redis-server', 'valkey-server'] : [CHOSEN]
).find(name => spawnSync(name, ['--version']).status === 0);

/** Whether there is a server to test with. In CI its absence is a failure, elsewhere it is told loudly. */
export function hasRedis(): boolean {
  if (BINARY !== undefined) return true;
  return notTested(
    `No ${CHOSEN ?? 'redis-server'} on this machine: the fleet was NOT tested. Install it with: apt-get install -y redis-server`,
  );
}

const START_WITHIN_MS = 10_000;

/** A server of the suite's own, on a free port. */
export class RedisServer {
  private process: ChildProcess | undefined;
  private readonly folder = mkdtempSync(join(tmpdir(), 'fleet-redis-'));

  private constructor(
    readonly port: number,
    private readonly flags: readonly string[],
    /** A sentinel takes its settings from a file. */
    private readonly file?: string,
  ) {}

  static async start(...flags: readonly string[]): Promise<RedisServer> {
    const server = new RedisServer(await freePort(), flags);
    await server.restart();
    return server;
  }

  /** One whose bus of a cluster, 10,000 above its port, finds a port too. */
  static async startNode(...flags: readonly string[]): Promise<RedisServer> {
    let port: number;
    do port = await freePort();
    while (port > 55_000);
    const server = new RedisServer(port, flags);
    await server.restart();
    return server;
  }

  /** One that a file of settings describes. */
  static async startWith(
    port: number,
    file: string,
    ...flags: readonly string[]
  ): Promise<RedisServer> {
    const server = new RedisServer(port, flags, file);
    await server.restart();
    return server;
  }

  /** Starts it again; empty, as nothing is saved. */
  async restart(): Promise<void> {
    const { port, folder, flags, file } = this;
    const settings =
      file === undefined
        ? [`--port ${port} --bind 127.0.0.1 --appendonly no --dir ${folder}`]
        : [file];
    this.process = spawn(
      BINARY!,
      [...settings, ...flags]
        .flatMap(each => each.split(' '))
        .concat(file === undefined ? ['--save', ''] : []),
      { stdio: 'ignore' },
    );
    const { process: server } = this;
    const client = this.connect();
    for (const end = Date.now() + START_WITHIN_MS; ; await pause(20)) {
      const answer = await client.ping().catch(() => undefined);
      if (answer === 'PONG') break;
      if (server.exitCode !== null || Date.now() > end) {
        client.disconnect();
        throw new Error(`${BINARY} does not answer on port ${this.port}.`);
      }
    }
    client.disconnect();
  }

  connect(): Redis {
    const client = new Redis({
      host: '127.0.0.1',
      port: this.port,
      retryStrategy: () => 20,
    });
    client.on('error', () => {});
    return client;
  }

  signal(signal: 'SIGSTOP' | 'SIGCONT'): void {
    this.process?.kill(signal);
  }

  async kill(): Promise<void> {
    const { process } = this;
    if (process === undefined || process.exitCode !== null) return;
    const gone = once(process, 'exit');
    process.kill('SIGKILL');
    await gone;
    this.process = undefined;
  }

  async stop(): Promise<void> {
    await this.kill();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** A port that nobody listens on. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

function pause(milliseconds: number): Promise<void> {
  return new Promise(resolve => setTimeout(resolve, milliseconds));
}
