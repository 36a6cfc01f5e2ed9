import { afterEach, describe, expect, it } from '@jest/globals';
import type { RegistryCoordinator } from '../../lib/registry/registry-coordinator.js';
import type { SharedSnapshot } from '../../lib/state/coordinator.js';
import { DashboardApplication } from './dashboard-application.js';
import { EventReader } from './event-reader.js';

const shared: SharedSnapshot = {
  joined: true,
  state: 'closed',
  generation: 7,
  instances: 3,
  share: 0.25,
  window: { calls: 400, failures: 40, slow: 0 },
};

function fleet(joined: boolean): RegistryCoordinator {
  return {
    status: { joined, reason: joined ? null : 'gone', instances: 3 },
    attach: circuit =>
      void circuit.machine.coordinate({
        allowsProbe: () => true,
        transitioned() {},
        describe: () => shared,
      }),
    detach() {},
  };
}

describe('the dashboard of an instance', () => {
  const open: { close(): unknown }[] = [];
  afterEach(async () => {
    for (const each of open.splice(0).toReversed()) await each.close();
  });

  async function start(): Promise<DashboardApplication> {
    const started = await DashboardApplication.start();
    open.push(started.app);
    return started;
  }

  async function listen({ origin }: DashboardApplication) {
    const reader = await EventReader.open(`${origin}/circuits/api/events`);
    open.push(reader);
    return reader;
  }

  it('tells how the fleet is doing, at once and with the figures of each second', async () => {
    const app = await start();
    const leave = app.registry.coordinate(fleet(true));
    const reader = await listen(app);
    const { fleet: atOnce, circuits } = await reader.next('snapshot');
    expect(atOnce).toEqual({ joined: true, reason: null, instances: 3 });
    expect(circuits).toMatchObject([{ shared }]);
    leave();
    app.registry.coordinate(fleet(false));
    await app.fail('payments', 1);
    const { fleet: later, figures } = await reader.next('figures');
    expect(later).toEqual({ joined: false, reason: 'gone', instances: 3 });
    expect(figures).toMatchObject([{ name: 'payments', shared }]);

    const { fleet: answered } = (await (
      await app.get('/circuits/api/circuits')
    ).json()) as { fleet: unknown };
    expect(answered).toEqual(later);
  });

  it('says that there is none', async () => {
    const app = await start();
    const reader = await listen(app);
    expect((await reader.next('snapshot'))['fleet']).toBeNull();
    await app.fail('payments', 1);
    const { fleet: none, figures } = await reader.next('figures');
    expect(none).toBeNull();
    expect(JSON.stringify(figures)).not.toContain('shared');
  });
});
