import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createConnection, createServer, type AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** A Redis of the demo's own, on a free port, that saves nothing. */
export class DemoRedis {
  private server: ChildProcess | undefined;

  private constructor(readonly port: number) {}

  /** @throws Error if there is no `redis-server` on this machine */
  static async start(): Promise<DemoRedis> {
    const redis = new DemoRedis(await freePort());
    await redis.start();
    return redis;
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`;
  }

  /** Starts it, empty. */
  async start(): Promise<void> {
    const port = String(this.port);
    const server = spawn(
      'redis-server',
      ['--port', port, '--bind', '127.0.0.1', '--save', ''],
      { stdio: 'ignore' },
    );
    let failure: Error | undefined;
    server.once('error', error => (failure = error));
    this.server = server;
    while (!(await listens(this.port))) {
      if (failure || server.exitCode !== null) {
        throw new Error(
          'redis-server does not start. Install it, e.g. with: apt-get install redis-server',
          { cause: failure },
        );
      }
      await sleep(50);
    }
  }

  async kill(): Promise<void> {
    const { server } = this;
    this.server = undefined;
    if (server?.pid === undefined || server.exitCode !== null) return;
    server.kill('SIGKILL');
    await once(server, 'exit');
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

async function listens(port: number): Promise<boolean> {
  const socket = createConnection(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
