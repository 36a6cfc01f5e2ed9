import { spawn, type ChildProcess } from 'node:child_process';
import { connect, createServer, type AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { pick } from './random.js';

/** A Redis of the run's own, which is stopped, killed and started again while it goes on. */
export class Store {
  private process: ChildProcess | undefined;

  private constructor(readonly port: number) {}

  static async start(): Promise<Store> {
    const store = new Store(await freePort());
    await store.run();
    return store;
  }

  /** One trouble, over when this resolves. */
  async trouble(random: () => number): Promise<string> {
    const lastsMs = 500 + random() * 4_000;
    const what = pick(random, ['stopped', 'killed'] as const);
    if (what === 'stopped') {
      this.process?.kill('SIGSTOP');
      await sleep(lastsMs);
      this.process?.kill('SIGCONT');
    } else {
      await this.kill();
      await sleep(lastsMs);
      await this.run();
    }
    return what;
  }

  async kill(): Promise<void> {
    const { process } = this;
    this.process = undefined;
    if (process === undefined || process.exitCode !== null) return;
    const ended = new Promise(resolve => process.once('exit', resolve));
    process.kill('SIGCONT');
    process.kill('SIGKILL');
    await ended;
  }

  private async run(): Promise<void> {
    const flags = ['--port', `${this.port}`, '--bind', '127.0.0.1'];
    this.process = spawn(
      'redis-server',
      [...flags, '--save', '', '--appendonly', 'no'],
      { stdio: 'ignore' },
    );
    for (let i = 0; i < 100; i++) {
      if (await answers(this.port)) return;
      await sleep(50);
    }
    throw new Error(
      'redis-server did not start. Install it with: apt-get install -y redis-server',
    );
  }
}

function answers(port: number): Promise<boolean> {
  return new Promise(resolve => {
    const socket = connect(port, '127.0.0.1');
    socket.on('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.on('error', () => resolve(false));
  });
}

function freePort(): Promise<number> {
  return new Promise(resolve => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}
