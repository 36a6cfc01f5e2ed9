import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { Redis } from 'ioredis';

/** A redis-server of the bench's own, on a free port. */
export async function startServer() {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address();
  probe.close();
  await once(probe, 'close');
  const server = spawn(
    'redis-server',
    ['--port', String(port), '--bind', '127.0.0.1', '--save', ''],
    { stdio: 'ignore' },
  );
  // Also when a bench fails.
  process.on('exit', () => server.kill('SIGKILL'));
  const redis = new Redis({ port, retryStrategy: () => 20 });
  redis.on('error', () => {});
  await new Promise(resolve => redis.once('ready', resolve));
  return {
    port,
    redis,
    signal: name => server.kill(name),
    stop() {
      redis.disconnect();
      server.kill('SIGKILL');
    },
  };
}

/** Calls of each command since the last reset. */
export async function commandCalls(redis) {
  const info = await redis.info('commandstats');
  return Object.fromEntries(
    [...info.matchAll(/cmdstat_([^:]+):calls=(\d+)/g)].map(
      ([, name, calls]) => [name, Number(calls)],
    ),
  );
}
