import { spawnSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { notTested } from './not-tested.js';

/** The servers that tests talk to, at their usual ports on this machine. */
export const SERVERS = {
  redis: {
    port: 6379,
    start: port => `redis-server --port ${port} --bind 127.0.0.1 --save ""`,
  },
  nats: { port: 4222, start: port => `nats-server -a 127.0.0.1 -p ${port}` },
  // A node of its own, which leaves the queues of the machine alone.
  rabbitmq: {
    port: 5672,
    start: port => {
      const own = folder('rabbitmq', port);
      return `
        PATH="/usr/lib/rabbitmq/bin:$PATH"
        ${runAs('rabbitmq')}
        as mkdir -p ${own}
        as env HOME=${own} \
          RABBITMQ_NODENAME=nestjs-breaker-${port}@localhost \
          RABBITMQ_NODE_IP_ADDRESS=127.0.0.1 \
          RABBITMQ_NODE_PORT=${port} RABBITMQ_DIST_PORT=${port + 1} \
          RABBITMQ_MNESIA_BASE=${own} RABBITMQ_LOG_BASE=${own} \
          RABBITMQ_CONF_ENV_FILE=/dev/null RABBITMQ_CONFIG_FILE=${own}/none \
          RABBITMQ_ENABLED_PLUGINS_FILE=${own}/none \
          rabbitmq-server`;
    },
  },
  // A cluster of its own. Debian has the programs outside of the PATH.
  postgres: {
    port: 5432,
    start: port => {
      const own = folder('postgres', port);
      return `
        PATH="$PATH:$(echo /usr/lib/postgresql/*/bin)"
        ${runAs('postgres')}
        [ -d ${own} ] || as initdb -D ${own} -U postgres -A trust --no-sync || exit 1
        as postgres -D ${own} -p ${port} -k ${own} -c listen_addresses=127.0.0.1`;
    },
  },
} as const satisfies Record<string, Server>;

interface Server {
  readonly port: number;
  /** What starts one at a port, for the shell; it may stay in the foreground. */
  readonly start: (port: number) => string;
}

/** One of the {@link SERVERS}. */
export type ServerName = keyof typeof SERVERS;

/**
 * Whether a server answers, after an attempt to start it if it does not. Without
 * it the suite is to be skipped, never to pass: that is told loudly, and it is a
 * failure with `CI=true`.
 *
 * @param port its usual one, or one where it may be started
 * @throws Error in CI if the server cannot be had
 */
export function hasServer(
  name: ServerName,
  port: number = SERVERS[name].port,
): boolean {
  return answersOrStarts(name, port, SERVERS[name].start(port));
}

/** As {@link hasServer}, for any server and the shell command that starts it. */
export function answersOrStarts(
  name: string,
  port: number,
  command: string,
): boolean {
  const { status } = spawnSync(
    process.execPath,
    ['test/support/start-server.mjs', String(port), 'sh', '-c', command],
    { stdio: 'ignore' },
  );
  if (status === 0) return true;
  return notTested(
    `No ${name} at 127.0.0.1:${port}, and none could be started there: what needs it was NOT tested.`,
  );
}

function folder(name: string, port: number): string {
  return join(tmpdir(), `nestjs-breaker-${name}-${port}`);
}

/** `as COMMAND` in the shell: these programs are not for root. */
function runAs(user: string): string {
  return `cd /
        as() { if [ "$(id -u)" = 0 ]; then runuser -u ${user} -- "$@"; else "$@"; fi; }`;
}
