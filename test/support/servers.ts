import { spawnSync } from 'node:child_process';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** The servers that tests talk to, at their usual ports on this machine. */
export const SERVERS = {
  redis: {
    port: 6379,
    start: ['redis-server', '--daemonize', 'yes', '--save', ''],
  },
  nats: { port: 4222, start: ['sh', '-c', 'nats-server >/dev/null 2>&1 &'] },
  rabbitmq: { port: 5672, start: ['rabbitmq-server', '-detached'] },
  postgres: {
    port: 5432,
    start: [
      'sh',
      '-c',
      'pg_ctlcluster $(pg_lsclusters -h | head -1 | cut -d" " -f1,2) start',
    ],
  },
} as const satisfies Record<string, Server>;

interface Server {
  readonly port: number;
  /** The command that starts it and comes back. */
  readonly start: readonly [command: string, ...args: string[]];
}

/** One of the {@link SERVERS}. */
export type ServerName = keyof typeof SERVERS;

/** How long a server may take to start, in milliseconds. RabbitMQ is slow. */
const START_MS = 40_000;

/**
 * Whether a server answers, after an attempt to start it if it does not. Without
 * it the suite is to be skipped, never to pass: that is told loudly, and it is a
 * failure with `CI=true`.
 *
 * @throws Error in CI if the server cannot be had
 */
export function hasServer(name: ServerName): Promise<boolean> {
  return answersOrStarts(name, SERVERS[name]);
}

/** As {@link hasServer}, for any server. */
export async function answersOrStarts(
  name: string,
  { port, start }: Server,
): Promise<boolean> {
  if (await answers(port)) return true;
  const [command, ...args] = start;
  const { error, status } = spawnSync(command, args, { stdio: 'ignore' });
  if (error === undefined && status === 0 && (await willAnswer(port))) {
    return true;
  }
  const message = `No ${name} at 127.0.0.1:${port}, and \`${start.join(' ')}\` did not start one: what needs it was NOT tested.`;
  if (process.env['CI'] === 'true') throw new Error(message);
  console.warn(`\n*** ${message} ***\n`);
  return false;
}

async function willAnswer(port: number): Promise<boolean> {
  for (const end = Date.now() + START_MS; Date.now() < end;) {
    if (await answers(port)) return true;
    await sleep(200);
  }
  return false;
}

function answers(port: number): Promise<boolean> {
  return new Promise(resolve => {
    const socket = connect(port, '127.0.0.1');
    const tell = (isThere: boolean) => {
      socket.destroy();
      resolve(isThere);
    };
    socket.once('connect', () => tell(true)).once('error', () => tell(false));
  });
}
