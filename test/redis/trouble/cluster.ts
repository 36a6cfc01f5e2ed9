import { Redis } from 'ioredis';
import { RedisServer } from '../redis-server.js';
import { until } from './course.js';

const SLOTS = 16_384;
const PRIMARIES = 3;

/** Three primaries with a third of the slots each, and a replica of the one that has a given key. */
export class TestCluster {
  private constructor(
    private readonly nodes: readonly RedisServer[],
    /** The node that has the key. */
    readonly owner: RedisServer,
    /** Its replica. */
    readonly replica: RedisServer,
  ) {}

  /** With commands and options of Redis 6.2 only. */
  static async start(key: string): Promise<TestCluster> {
    const nodes: RedisServer[] = [];
    for (let each = 0; each <= PRIMARIES; each++) {
      nodes.push(
        await RedisServer.startNode(
          '--cluster-enabled yes --cluster-node-timeout 1000',
        ),
      );
    }
    const admins = nodes.map(node => node.connect());
    const [first] = admins as [Redis];
    for (const [index, admin] of admins.entries()) {
      await admin.call('CLUSTER', 'SET-CONFIG-EPOCH', String(index + 1));
      if (index >= PRIMARIES) continue;
      const slots = Array.from({ length: SLOTS }, (_, slot) => slot).filter(
        slot => primaryOf(slot) === index,
      );
      await admin.call('CLUSTER', 'ADDSLOTS', ...slots.map(String));
    }
    for (const { port } of nodes.slice(1)) {
      await first.call('CLUSTER', 'MEET', '127.0.0.1', String(port));
    }
    const slot = Number(await first.call('CLUSTER', 'KEYSLOT', key));
    const at = primaryOf(slot);
    const id = String(await admins[at]!.call('CLUSTER', 'MYID'));
    const knows = (admin: Redis) => async () => {
      const known = String(await admin.call('CLUSTER', 'NODES'));
      return (
        !known.includes('handshake') &&
        known.trim().split('\n').length === nodes.length
      );
    };
    for (const admin of admins) await until(knows(admin), 20_000);
    const last = admins[PRIMARIES]!;
    await last.call('CLUSTER', 'REPLICATE', id);
    await until(
      async () => /master_link_status:up/.test(await last.info()),
      20_000,
    );
    for (const admin of admins) {
      await until(async () => {
        const info = String(await admin.call('CLUSTER', 'INFO'));
        const known = String(await admin.call('CLUSTER', 'NODES'));
        return info.includes('cluster_state:ok') && known.includes('slave');
      }, 20_000);
      admin.disconnect();
    }
    return new TestCluster(nodes, nodes[at]!, nodes[PRIMARIES]!);
  }

  /** A user's own client. */
  connect() {
    const cluster = new Redis.Cluster(
      this.nodes.map(({ port }) => ({ host: '127.0.0.1', port })),
    );
    cluster.on('error', () => {});
    return cluster;
  }

  async stop(): Promise<void> {
    for (const node of this.nodes) {
      node.signal('SIGCONT');
      await node.stop();
    }
  }
}

/** In one range for each: a node tells its clients of each range apart. */
function primaryOf(slot: number): number {
  return Math.floor((slot * PRIMARIES) / SLOTS);
}
