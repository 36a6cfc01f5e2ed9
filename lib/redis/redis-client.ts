import { Cluster, Redis, type RedisOptions } from 'ioredis';

/** A client of the user's, for one server, sentinels or a cluster. */
export type FleetClient = Redis | Cluster;

/** Where the store is: a client to take the settings of, or settings, or a URL. */
export type FleetConnection = FleetClient | RedisOptions | string;

type OwnOptions = Omit<RedisOptions, 'replyMapping' | 'himportFieldsets'>;

/** At most this long between two tries to connect, so that the way back is short. */
const SLOWEST_RETRY_MS = 1_000;

/**
 * A connection of the fleet's own, with the settings of the user's: theirs may
 * queue and retry for ever, which a store that has stopped would fill up.
 *
 * @param timeoutMs after which an unanswered command fails and the connection is made anew
 */
export function openConnection(
  connection: FleetConnection,
  timeoutMs: number,
): FleetClient {
  const own = {
    lazyConnect: false,
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    autoResubscribe: false,
    maxRetriesPerRequest: 0,
    commandTimeout: timeoutMs,
    // A stopped server takes commands and never answers: without this they would pile up in the socket.
    socketTimeout: timeoutMs,
    connectTimeout: Math.max(timeoutMs, 1_000),
    keepAlive: 10_000,
    keyPrefix: '',
    retryStrategy: retryAfter,
    // After a failover the old primary refuses to write: look for the new one. Before Redis 7 an error from within a script begins otherwise.
    reconnectOnError: (error: Error) => /\bREADONLY\b/.test(error.message),
  } satisfies RedisOptions;
  const opened = connect(connection, own);
  // Each failed attempt is an event; without a listener it would be printed.
  opened.on('error', () => {});
  return opened;
}

function connect(
  connection: FleetConnection,
  own: OwnOptions & Required<Pick<OwnOptions, 'retryStrategy'>>,
): FleetClient {
  if (typeof connection === 'string') return new Redis(connection, own);
  if (!isClient(connection))
    return new Redis({ ...plainReplies(connection), ...own });
  if (!isCluster(connection)) return connection.duplicate(own);
  const { retryStrategy, ...ownOfNodes } = own;
  return connection.duplicate([], {
    enableOfflineQueue: false,
    lazyConnect: false,
    keyPrefix: '',
    clusterRetryStrategy: retryStrategy,
    redisOptions: {
      ...plainReplies(connection.options.redisOptions ?? {}),
      ...ownOfNodes,
      // A node is connected by its first command, which waits for that, within its timeout.
      enableOfflineQueue: true,
    },
  }) as Cluster;
}

/** How replies are mapped is no matter here, where all are strings. */
function plainReplies<T extends { replyMapping?: unknown }>(
  options: T,
): Omit<T, 'replyMapping'> {
  const { replyMapping: _replyMapping, ...others } = options;
  return others;
}

/** Not by class: the user's `ioredis` may be another copy. */
function isClient(
  connection: RedisOptions | FleetClient,
): connection is FleetClient {
  return 'duplicate' in connection;
}

function isCluster(client: FleetClient): client is Cluster {
  return 'nodes' in client;
}

function retryAfter(times: number): number {
  return Math.min(SLOWEST_RETRY_MS, 50 * 2 ** times);
}
