import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort, RedisServer } from '../redis-server.js';
import { until } from './course.js';

const NAME = 'fleet';
const SENTINELS = 3;

/** A primary, its replica, and three sentinels that fail over within two seconds or so. */
export class Sentinels {
  private constructor(
    /** Two servers, the primary first. */
    readonly servers: readonly [RedisServer, RedisServer],
    private readonly sentinels: readonly RedisServer[],
    private readonly folder: string,
  ) {}

  static async start(): Promise<Sentinels> {
    const primary = await RedisServer.start();
    const replica = await RedisServer.start();
    const admin = replica.connect();
    await admin.call('REPLICAOF', '127.0.0.1', String(primary.port));
    await until(async () => /master_link_status:up/.test(await admin.info()));
    admin.disconnect();
    const folder = mkdtempSync(join(tmpdir(), 'fleet-sentinel-'));
    const sentinels: RedisServer[] = [];
    for (let each = 0; each < SENTINELS; each++) {
      const file = join(folder, `${each}.conf`);
      const port = await freePort();
      writeFileSync(
        file,
        [
          `port ${port}`,
          'bind 127.0.0.1',
          `dir ${folder}`,
          `sentinel monitor ${NAME} 127.0.0.1 ${primary.port} 2`,
          `sentinel down-after-milliseconds ${NAME} 500`,
          `sentinel failover-timeout ${NAME} 2000`,
        ].join('\n'),
      );
      sentinels.push(await RedisServer.startWith(port, file, '--sentinel'));
    }
    const watch = sentinels[0]!.connect();
    await until(async () => {
      const info = await watch.info();
      return /slaves=1,sentinels=3/.test(info);
    }, 20_000);
    watch.disconnect();
    return new Sentinels([primary, replica], sentinels, folder);
  }

  /** Settings for a client. */
  get connection() {
    return {
      name: NAME,
      sentinels: this.sentinels.map(({ port }) => ({
        host: '127.0.0.1',
        port,
      })),
    };
  }

  async stop(): Promise<void> {
    for (const each of [...this.sentinels, ...this.servers]) {
      each.signal('SIGCONT');
      await each.stop();
    }
    rmSync(this.folder, { recursive: true, force: true });
  }
}
