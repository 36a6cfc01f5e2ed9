import { Controller, Get, Injectable, Module } from '@nestjs/common';
import type { INestApplication } from '@nestjs/common';
import {
  HealthCheck,
  HealthCheckService,
  TerminusModule,
} from '@nestjs/terminus';
import { Test } from '@nestjs/testing';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { CircuitBreakerModule } from '../../lib/circuit-breaker.module.js';
import { CircuitBreaker } from '../../lib/protection/circuit-breaker.decorator.js';
import { CircuitBreakerRegistry } from '../../lib/registry/circuit-breaker.registry.js';
import { CircuitBreakerHealthIndicator } from '../../lib/terminus/index.js';

interface Indicated {
  status: string;
  troubled: Record<string, object>;
  fleet?: object;
}

interface Answer {
  info: Record<string, Indicated>;
  error: Record<string, Indicated>;
}

const OPEN_MS = 300;
let isDown = false;

@Injectable()
class Gateway {
  @CircuitBreaker('payments')
  async pay(): Promise<string> {
    if (isDown) throw new Error('the gateway is down');
    return 'paid';
  }
}

@Controller()
class PayController {
  constructor(private readonly gateway: Gateway) {}

  @Get('pay')
  pay() {
    return this.gateway.pay();
  }
}

@Controller('health')
class HealthController {
  constructor(
    private readonly health: HealthCheckService,
    private readonly circuits: CircuitBreakerHealthIndicator,
  ) {}

  @Get('live')
  @HealthCheck()
  live() {
    return this.health.check([() => this.circuits.isHealthy('circuits')]);
  }

  @Get('ready')
  @HealthCheck()
  ready() {
    return this.health.check([
      () => this.circuits.isHealthy('circuits', { readiness: true }),
    ]);
  }

  @Get('some')
  @HealthCheck()
  some() {
    return this.health.check([
      () => this.circuits.isHealthy('search', { names: ['search'] }),
    ]);
  }
}

@Module({
  imports: [
    TerminusModule.forRoot({ logger: false }),
    CircuitBreakerModule.forRoot({
      circuits: {
        payments: {
          critical: true,
          consecutiveFailures: 2,
          openDuration: OPEN_MS,
          openJitter: 0,
          halfOpen: { calls: 2, successRateThreshold: 1 },
        },
        search: { consecutiveFailures: 1 },
      },
    }),
  ],
  controllers: [PayController, HealthController],
  providers: [Gateway, CircuitBreakerHealthIndicator],
})
class ShopModule {}

describe('the health of an application', () => {
  let app: INestApplication;
  let url: string;
  let registry: CircuitBreakerRegistry;

  beforeEach(async () => {
    isDown = false;
    const module = await Test.createTestingModule({
      imports: [ShopModule],
    }).compile();
    app = module.createNestApplication({ logger: false });
    await app.listen(0, '127.0.0.1');
    url = await app.getUrl();
    registry = app.get(CircuitBreakerRegistry);
  });

  afterEach(() => app.close());

  const get = async (path: string) => {
    const response = await fetch(`${url}/${path}`);
    return { code: response.status, body: (await response.json()) as Answer };
  };
  const statusOf = async (path: string, key = 'circuits') => {
    const { code, body } = await get(path);
    return [code, (body.info[key] ?? body.error[key])?.status];
  };
  const pay = () => fetch(`${url}/pay`).then(({ status }) => status);

  it('is up while all circuits are closed', async () => {
    expect(await statusOf('health/ready')).toEqual([200, 'up']);
  });

  it('takes readiness down while a critical circuit is open, and lets traffic back to probe when it is due', async () => {
    isDown = true;
    await pay();
    await pay();
    expect(await pay()).toBe(503);
    expect(await statusOf('health/ready')).toEqual([503, 'down']);
    // Liveness is never down: a restart heals no dependency.
    expect(await statusOf('health/live')).toEqual([200, 'degraded']);

    // The balancer sends no traffic now, so no call can notice that the wait is over.
    isDown = false;
    await new Promise(resolve => setTimeout(resolve, OPEN_MS + 20));
    expect(registry.get('payments').state).toBe('open');
    expect(await statusOf('health/ready')).toEqual([200, 'degraded']);

    expect(await pay()).toBe(200);
    expect(registry.get('payments').state).toBe('half-open');
    expect(await statusOf('health/ready')).toEqual([200, 'degraded']);
    expect(await pay()).toBe(200);
    expect(await statusOf('health/ready')).toEqual([200, 'up']);
  });

  it('says which circuit is open, since when and why', async () => {
    isDown = true;
    await pay();
    await pay();
    const { body } = await get('health/ready');
    const payments = body.error['circuits']?.troubled['payments'];
    expect(payments).toEqual({
      state: 'open',
      mode: 'enforced',
      since: expect.stringMatching(/^\d{4}-.*Z$/),
      retryAfter: expect.any(Number),
      reason: expect.stringContaining('2 calls in a row failed'),
    });
    // In whole milliseconds, for whoever reads it.
    const { retryAfter } = payments as { retryAfter: number };
    expect(Number.isInteger(retryAfter)).toBe(true);
  });

  it.each([
    ['not critical', { critical: false }],
    ['in shadow mode', { mode: 'shadow' as const }],
  ])(
    'is degraded, not down, for an open circuit that is %s',
    async (_, patch) => {
      registry.configure('payments', patch);
      isDown = true;
      await pay();
      await pay();
      expect(registry.get('payments').state).toBe('open');
      expect(await statusOf('health/ready')).toEqual([200, 'degraded']);
    },
  );

  it('is degraded under an override', async () => {
    registry.get('payments').forceOpen('maintenance');
    expect(await statusOf('health/ready')).toEqual([200, 'degraded']);
  });

  it('is degraded when one key of a critical circuit is open: the others still work', async () => {
    const tenant = registry.keyed('payments', 'tenant-1');
    tenant.tryAcquire()?.failure();
    tenant.tryAcquire()?.failure();
    expect(tenant.state).toBe('open');
    expect(await statusOf('health/ready')).toEqual([200, 'degraded']);
  });

  describe('of a fleet', () => {
    const fleet = { joined: true, reason: null as string | null, instances: 3 };
    const goneAway = { joined: false, reason: 'Connection is closed.' };

    beforeEach(() => {
      Object.assign(fleet, { joined: true, reason: null });
      registry.coordinate({
        get status() {
          return { ...fleet };
        },
        attach() {},
        detach() {},
      });
    });

    it('is up while it is joined, and tells how many instances there are', async () => {
      const { body } = await get('health/ready');
      expect(body.info['circuits']).toMatchObject({
        status: 'up',
        fleet: { joined: true, instances: 3 },
      });
    });

    it('is degraded, never down, while the store is out of reach', async () => {
      Object.assign(fleet, goneAway);
      for (const path of ['health/ready', 'health/live']) {
        expect(await statusOf(path)).toEqual([200, 'degraded']);
      }
      expect(await statusOf('health/some', 'search')).toEqual([
        200,
        'degraded',
      ]);
      const { body } = await get('health/ready');
      expect(body.info['circuits']).toMatchObject({
        troubled: {},
        fleet: goneAway,
      });
      Object.assign(fleet, { joined: true, reason: null });
      expect(await statusOf('health/ready')).toEqual([200, 'up']);
    });

    it('is down all the same while a critical circuit is open', async () => {
      Object.assign(fleet, goneAway);
      isDown = true;
      await pay();
      await pay();
      expect(await statusOf('health/ready')).toEqual([503, 'down']);
    });
  });

  it('looks only at the circuits that are named', async () => {
    registry.get('payments').forceOpen();
    expect(await statusOf('health/some', 'search')).toEqual([200, 'up']);
  });

  it('refuses a name that no circuit has', () => {
    expect(() =>
      app
        .get(CircuitBreakerHealthIndicator)
        .isHealthy('circuits', { names: ['paymnets'] }),
    ).toThrow('Did you mean "payments"?');
  });
});
