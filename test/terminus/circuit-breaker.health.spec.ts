import { HealthIndicatorService } from '@nestjs/terminus';
import { describe, expect, it } from '@jest/globals';
import type { CircuitBreakerModuleOptions } from '../../lib/registry/module-options.js';
import {
  CircuitBreakerHealthIndicator,
  type CircuitHealthOptions,
} from '../../lib/terminus/index.js';
import { RegistryBench } from '../support/registry-bench.js';

describe('the health of circuits', () => {
  it('stays down when a circuit after the critical one is in trouble, too', () => {
    const { registry, ready } = bench({
      circuits: {
        payments: { critical: true, consecutiveFailures: 1 },
        search: {},
      },
    });
    registry.get('payments').tryAcquire()!.failure('down');
    registry.get('search').forceOpen();
    expect(ready()).toMatchObject({ status: 'down' });
  });

  it('names the first hundred circuits that are in trouble', () => {
    const { registry, ready } = bench({ circuits: { search: {} } });
    for (let key = 0; key < 101; key++) {
      registry.keyed('search', `${key}`).forceOpen();
    }
    const troubled = Object.keys(ready().troubled);
    expect(troubled).toHaveLength(100);
    expect(troubled.at(-1)).toBe('search[99]');
  });

  it('counts all the circuits that were looked at', () => {
    const { registry, ready } = bench({
      circuits: { payments: {}, search: {} },
    });
    registry.get('search').forceOpen();
    expect(ready().circuits).toBe(2);
  });

  it('says in whole milliseconds when an open circuit is due, and nothing of one that is not open', () => {
    const { registry, clock, ready } = bench({
      circuits: {
        payments: {
          consecutiveFailures: 1,
          openDuration: 500.5,
          openJitter: 0,
        },
        search: {},
      },
    });
    registry.get('payments').tryAcquire()!.failure('down');
    registry.get('search').forceOpen();
    expect(ready().troubled).toMatchObject({
      payments: { retryAfter: 501 },
      search: { retryAfter: null },
    });
    clock.advance(600);
    expect(ready().troubled).toMatchObject({ payments: { retryAfter: 0 } });
  });

  it('tells the trouble of a circuit that is named, its keyed ones among it, and of no other', () => {
    const { registry, ready } = bench({
      circuits: { payments: {}, search: {} },
    });
    registry.keyed('payments', 'acme').forceOpen();
    registry.get('search').forceOpen();
    expect(ready(['payments'])).toMatchObject({ circuits: 2 });
    expect(Object.keys(ready(['payments']).troubled)).toEqual([
      'payments[acme]',
    ]);
  });

  it('never takes liveness down', () => {
    const { registry, indicator } = bench({
      circuits: { payments: { critical: true, consecutiveFailures: 1 } },
    });
    registry.get('payments').tryAcquire()!.failure('down');
    const status = (options?: CircuitHealthOptions) =>
      indicator.isHealthy('circuits', options)['circuits'].status;
    expect(status({ readiness: true })).toBe('down');
    expect(status()).toBe('degraded');
    expect(status({})).toBe('degraded');
    expect(status({ readiness: false })).toBe('degraded');
  });

  it('says nothing of a fleet where there is none', () => {
    expect(bench({ circuits: { payments: {} } }).ready()).not.toHaveProperty(
      'fleet',
    );
  });

  it('is up where a circuit is switched off, whatever its state was', () => {
    const { registry, ready } = bench({ circuits: { payments: {} } });
    registry.get('payments').forceOpen();
    registry.configure('payments', { mode: 'disabled' });
    expect(registry.get('payments').state).toBe('forced-open');
    expect(ready()).toMatchObject({ status: 'up', troubled: {} });
  });

  it('is up with the details on Terminus 11, which knows no degraded', () => {
    const terminus = new HealthIndicatorService();
    const eleven = {
      check(key: string) {
        const session = terminus.check(key);
        return { up: (details: object) => session.up({ ...details }) };
      },
    } as unknown as HealthIndicatorService;
    const { registry, ready } = bench({ circuits: { payments: {} } }, eleven);
    registry.get('payments').forceOpen();
    expect(ready()).toMatchObject({
      status: 'up',
      degraded: true,
      troubled: { payments: { state: 'forced-open' } },
    });
  });
});

interface Indicated {
  readonly status: string;
  readonly circuits: number;
  readonly troubled: Record<string, object>;
}

function bench(
  options: CircuitBreakerModuleOptions,
  terminus = new HealthIndicatorService(),
) {
  const { registry, clock } = new RegistryBench(options);
  const indicator = new CircuitBreakerHealthIndicator(terminus, registry);
  const ready = (names?: readonly string[]) =>
    indicator.isHealthy('circuits', {
      readiness: true,
      ...(names && { names }),
    })['circuits'] as unknown as Indicated;
  return { registry, clock, indicator, ready };
}
