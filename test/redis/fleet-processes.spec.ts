import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { compileLibrary } from './processes/compile.js';
import { FleetProcess, type Look } from './processes/fleet-process.js';
import { Upstream } from './processes/upstream.js';
import { hasRedis, RedisServer } from './redis-server.js';

const PROCESSES = 8;
const HALF_OPEN = {
  calls: 6,
  concurrency: 2,
  successRateThreshold: 0.5,
  callDeadline: 1_000,
  maxDuration: 5_000,
};
const CIRCUIT = {
  window: { type: 'time', duration: 2_000, buckets: 20 },
  minimumCalls: 10,
  consecutiveFailures: false,
  slowCallDuration: false,
  openDuration: 700,
  openJitter: 0,
  halfOpen: HALF_OPEN,
};

(hasRedis() ? describe : describe.skip)(
  `${PROCESSES} processes and a real server`,
  () => {
    const upstream = new Upstream();
    let server: RedisServer;
    let fleet: FleetProcess[] = [];

    beforeAll(async () => {
      server = await RedisServer.start();
      const setup = {
        library: compileLibrary(),
        port: server.port,
        upstream: await upstream.listen(),
        circuit: CIRCUIT,
        fleet: { namespace: 'processes', pollInterval: 300, timeout: 300 },
      };
      fleet = Array.from({ length: PROCESSES }, () => new FleetProcess(setup));
      await Promise.all(fleet.map(each => each.ready()));
      await until(looks => looks.every(({ status }) => status.joined));
    }, 60_000);

    afterAll(async () => {
      server.signal('SIGCONT');
      await Promise.all(fleet.map(each => each.kill()));
      upstream.close();
      await server.stop();
    });

    function all(): Promise<Look[]> {
      return Promise.all(fleet.map(each => each.look()));
    }

    function tell(what: string, value?: unknown): Promise<unknown> {
      return Promise.all(fleet.map(each => each.ask(what, value)));
    }

    async function until(
      holds: (looks: Look[]) => boolean,
      within = 8_000,
    ): Promise<Look[]> {
      const end = Date.now() + within;
      for (;;) {
        const looks = await all();
        if (holds(looks)) return looks;
        if (Date.now() > end) {
          throw new Error(
            `not within ${within} ms: ${JSON.stringify(looks.map(({ state, shared, status }) => ({ state, shared, status })))}`,
          );
        }
        await pause(30);
      }
    }

    it('opens every instance, probes once for all, and closes every instance', async () => {
      await tell('rate', 40);
      await pause(300);
      await tell('reset');
      upstream.probes.clear();
      upstream.isHealthy = false;
      const broken = Date.now();
      const opened = await until(looks =>
        looks.every(({ transitions }) =>
          transitions.some(({ to }) => to === 'open'),
        ),
      );
      const times = opened.map(
        ({ transitions }) => transitions.find(({ to }) => to === 'open')!.at,
      );
      expect(Math.max(...times) - broken).toBeLessThan(3_000);
      expect(Math.max(...times) - Math.min(...times)).toBeLessThan(1_000);
      await pause(1_000);
      upstream.isHealthy = true;
      await until(are('closed'));
      expect(upstream.probes.size).toBeGreaterThan(0);
      for (const [generation, { most, total }] of upstream.probes) {
        expect(generation).not.toBe('alone');
        expect(most).toBeLessThanOrEqual(HALF_OPEN.concurrency);
        expect(total).toBeLessThanOrEqual(HALF_OPEN.calls);
      }
    }, 30_000);

    it('lets nobody wait while the server is stopped, and joins again', async () => {
      await tell('rate', 40);
      await pause(400);
      await tell('reset');
      server.signal('SIGSTOP');
      const before = upstream.requests;
      await until(looks => looks.every(({ status }) => !status.joined));
      await pause(1_500);
      expect(upstream.requests - before).toBeGreaterThan(PROCESSES * 40);
      const looks = await all();
      for (const { slowest, logged, state } of looks) {
        expect(slowest).toBeLessThan(50);
        expect(
          logged.filter(each => each.includes('out of reach')),
        ).toHaveLength(1);
        expect(state).toBe('closed');
      }
      server.signal('SIGCONT');
      await until(each => each.every(({ status }) => status.joined));
    }, 30_000);

    it('decides alone while clients are paused, each instance like a lone circuit', async () => {
      const admin = server.connect();
      await admin.call('CLIENT', 'PAUSE', '2500', 'ALL');
      await until(looks => looks.every(({ status }) => !status.joined));
      upstream.isHealthy = false;
      await until(looks => looks.every(({ state }) => state === 'open'), 2_000);
      upstream.isHealthy = true;
      await until(are('closed'));
      admin.disconnect();
    }, 30_000);

    it('honours an order while the server is gone, and gives it to the one that comes back empty', async () => {
      await fleet[3]!.ask('order', ['forceOpen', 'maintenance']);
      await until(are('forced-open'));
      await server.kill();
      await until(looks => looks.every(({ status }) => !status.joined));
      expect((await all()).every(({ state }) => state === 'forced-open')).toBe(
        true,
      );
      await server.restart();
      await until(are('forced-open'));
      await fleet[5]!.ask('order', ['reset']);
      await until(are('closed'));
    }, 30_000);

    it('configures every instance', async () => {
      await fleet[1]!.ask('configure', { minimumCalls: 12 });
      await until(looks =>
        looks.every(({ minimumCalls }) => minimumCalls === 12),
      );
    }, 30_000);

    it('goes on when an instance that holds a lease dies', async () => {
      await tell('rate', 40);
      upstream.isHealthy = false;
      await until(are('open'));
      upstream.isHealthy = true;
      await until(looks =>
        looks.some(
          ({ shared }) =>
            shared.state === 'half-open' || shared.state === 'closed',
        ),
      );
      await fleet[0]!.kill();
      fleet = fleet.slice(1);
      await until(are('closed'), 15_000);
      await until(looks =>
        looks.every(({ shared }) => shared.instances === PROCESSES - 1),
      );
    }, 30_000);
  },
);

function pause(milliseconds: number): Promise<void> {
  return new Promise(resolve => setTimeout(resolve, milliseconds));
}

/** All are in reach, in one state and of one generation. */
function are(state: Look['state']): (looks: Look[]) => boolean {
  return looks =>
    looks.every(
      look =>
        look.state === state &&
        look.shared.joined &&
        look.shared.generation === looks[0]!.shared.generation,
    );
}
