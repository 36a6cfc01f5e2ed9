import { afterEach, beforeEach, describe, it, jest } from '@jest/globals';
import type { Cluster } from 'ioredis';
import { hasRedis } from '../redis-server.js';
import { TestCluster } from './cluster.js';
import { pause, takeThrough } from './course.js';

jest.setTimeout(60_000);

(hasRedis() ? describe : describe.skip)('a fleet on a cluster', () => {
  let cluster: TestCluster;
  let client: Cluster;

  beforeEach(async () => {
    cluster = await TestCluster.start('{clustered}:fleet');
    client = cluster.connect();
  });

  afterEach(async () => {
    client.disconnect();
    await cluster.stop();
  });

  it('goes on with the replica when the node of its keys is killed', async () => {
    await takeThrough(
      { client, namespace: 'clustered' },
      { begin: () => cluster.owner.kill(), end: () => pause(1_000) },
    );
  });

  it('goes on with the replica when the node of its keys hangs', async () => {
    await takeThrough(
      { client, namespace: 'clustered' },
      {
        begin: () => cluster.owner.signal('SIGSTOP'),
        end: () => pause(1_000),
      },
    );
  });
});
