import { afterEach, beforeEach, describe, it, jest } from '@jest/globals';
import { hasRedis } from '../redis-server.js';
import { pause, takeThrough } from './course.js';
import { Sentinels } from './sentinels.js';

jest.setTimeout(60_000);

(hasRedis() ? describe : describe.skip)('a fleet behind sentinels', () => {
  let sentinels: Sentinels;

  beforeEach(async () => {
    sentinels = await Sentinels.start();
  });

  afterEach(() => sentinels.stop());

  function options() {
    return { connection: sentinels.connection, namespace: 'sentinels' };
  }

  it('goes on with the replica when the primary is killed', async () => {
    await takeThrough(options(), {
      begin: () => sentinels.servers[0].kill(),
      end: () => pause(1_000),
    });
  });

  it('goes on with the replica when the primary hangs', async () => {
    await takeThrough(options(), {
      begin: () => sentinels.servers[0].signal('SIGSTOP'),
      end: () => pause(1_000),
    });
  });
});
