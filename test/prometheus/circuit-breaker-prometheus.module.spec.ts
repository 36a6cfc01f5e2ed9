import {
  Controller,
  Get,
  Inject,
  Injectable,
  Module,
  VersioningType,
  type CallHandler,
  type CanActivate,
  type DynamicModule,
  type ExecutionContext,
  type INestApplication,
  type NestInterceptor,
} from '@nestjs/common';
import { afterEach, describe, expect, it } from '@jest/globals';
import { Registry, register } from 'prom-client';
import { map } from 'rxjs';
import { CircuitBreakerModule } from '../../lib/circuit-breaker.module.js';
import {
  CIRCUIT_BREAKER_METRICS_REGISTRY,
  CircuitBreakerPrometheusModule,
  type CircuitBreakerPrometheusOptions,
  type CircuitBreakerPrometheusOptionsFactory,
} from '../../lib/prometheus/index.js';
import { CircuitBreaker } from '../../lib/protection/circuit-breaker.decorator.js';
import { CircuitBreakerRegistry } from '../../lib/registry/circuit-breaker.registry.js';
import { MetricsPage } from '../support/metrics-page.js';
import {
  closeApps,
  PLATFORMS,
  plainModule,
  rootModule,
  startContext,
  startHttp,
} from '../support/nest-app.js';

@Injectable()
class Gateway {
  @CircuitBreaker('payments')
  charge(): string {
    return 'paid';
  }
}

@Controller()
class PayController {
  constructor(private readonly gateway: Gateway) {}

  @Get('pay')
  pay() {
    return this.gateway.charge();
  }
}

const shop = { controllers: [PayController], providers: [Gateway] };

afterEach(closeApps);

describe.each(PLATFORMS)('the metrics on %s', (_, adapter) => {
  const start = (
    prepare?: (app: INestApplication) => void,
    path = '/metrics',
  ) =>
    startHttp(
      rootModule({
        ...shop,
        imports: [CircuitBreakerPrometheusModule.forRoot({ path })],
      }),
      adapter,
      prepare,
    );

  it('are served', async () => {
    const { url } = await start();
    await fetch(`${url}/pay`);
    await fetch(`${url}/pay`);

    const answer = await fetch(`${url}/metrics`);
    expect(answer.status).toBe(200);
    expect(answer.headers.get('content-type')).toBe(
      'text/plain; version=0.0.4; charset=utf-8',
    );
    expect(
      new MetricsPage(await answer.text()).value(
        'circuit_breaker_calls_total',
        {
          name: 'payments',
          result: 'success',
        },
      ),
    ).toBe(2);
  });

  it('are kept by no cache on the way', async () => {
    const { url } = await start();
    const { headers } = await fetch(`${url}/metrics`);
    expect(headers.get('cache-control')).toBe('no-store');
  });

  it('are served under a global prefix, and in every version', async () => {
    const { url } = await start(app => {
      app.setGlobalPrefix('api');
      app.enableVersioning({ type: VersioningType.URI, defaultVersion: '1' });
    });
    expect((await fetch(`${url}/metrics`)).status).toBe(404);
    const page = await MetricsPage.at(`${url}/api/metrics`);
    expect(page.value('circuit_breaker_state')).toBe(0);
  });

  it('are no value that an interceptor of the application wraps', async () => {
    const wrap: NestInterceptor = {
      intercept: (_context: ExecutionContext, next: CallHandler) =>
        next.handle().pipe(map((data: unknown) => ({ data }))),
    };
    const { url } = await start(app => app.useGlobalInterceptors(wrap));
    const page = await MetricsPage.at(`${url}/metrics`);
    expect(page.value('circuit_breaker_state')).toBe(0);
  });

  it('are behind the guards of the application', async () => {
    const nobody: CanActivate = { canActivate: () => false };
    const { url } = await start(app => app.useGlobalGuards(nobody));
    expect((await fetch(`${url}/metrics`)).status).toBe(403);
  });
});

describe('CircuitBreakerPrometheusModule', () => {
  it('serves nothing unless asked', async () => {
    const { app, url } = await startHttp(
      rootModule({
        ...shop,
        imports: [CircuitBreakerPrometheusModule.forRoot()],
      }),
    );
    expect((await fetch(`${url}/metrics`)).status).toBe(404);
    expect((await fetch(url)).status).toBe(404);
    const metrics = app.get<Registry>(CIRCUIT_BREAKER_METRICS_REGISTRY);
    expect(await metrics.metrics()).toContain('circuit_breaker_state');
    expect(register.getMetricsAsArray()).toEqual([]);
  });

  it("uses the user's registry, and leaves it as it was", async () => {
    const registry = new Registry();
    const app = await startContext(
      rootModule({
        ...shop,
        imports: [CircuitBreakerPrometheusModule.forRoot({ registry })],
      }),
    );
    expect(await registry.metrics()).toContain('circuit_breaker_state');
    await app.close();
    expect(registry.getMetricsAsArray()).toEqual([]);
  });

  it('gives its registry to providers that inject it', async () => {
    @Injectable()
    class Pusher {
      constructor(
        @Inject(CIRCUIT_BREAKER_METRICS_REGISTRY) readonly metrics: Registry,
      ) {}
    }
    const app = await startContext(
      rootModule({
        imports: [CircuitBreakerPrometheusModule.forRoot()],
        providers: [Pusher],
      }),
    );
    expect(await app.get(Pusher).metrics.metrics()).toContain(
      'circuit_breaker_state',
    );
  });

  describe('with options that come from other providers', () => {
    const registry = new Registry();
    const OPTIONS: CircuitBreakerPrometheusOptions = {
      registry,
      durations: false,
    };

    @Injectable()
    class Settings implements CircuitBreakerPrometheusOptionsFactory {
      create() {
        return Promise.resolve(OPTIONS);
      }
    }

    @Module({ providers: [Settings], exports: [Settings] })
    class SettingsModule {}

    it.each<[string, () => DynamicModule]>([
      [
        'useFactory with what it injects',
        () =>
          CircuitBreakerPrometheusModule.forRootAsync({
            imports: [SettingsModule],
            inject: [Settings],
            useFactory: (settings: Settings) => settings.create(),
          }),
      ],
      [
        'useClass',
        () =>
          CircuitBreakerPrometheusModule.forRootAsync({ useClass: Settings }),
      ],
      [
        'useExisting',
        () =>
          CircuitBreakerPrometheusModule.forRootAsync({
            imports: [SettingsModule],
            useExisting: Settings,
          }),
      ],
    ])('takes them from %s', async (_form, wing) => {
      const app = await startContext(
        rootModule({ ...shop, imports: [wing()] }),
      );
      expect(app.get(CIRCUIT_BREAKER_METRICS_REGISTRY)).toBe(registry);
      const text = await registry.metrics();
      expect(text).toContain('circuit_breaker_state');
      expect(text).not.toContain('circuit_breaker_call_duration');
    });

    it('serves them at the path that stands beside the factory', async () => {
      const { url } = await startHttp(
        rootModule({
          ...shop,
          imports: [
            CircuitBreakerPrometheusModule.forRootAsync({
              path: 'internal/metrics',
              useFactory: () => OPTIONS,
            }),
          ],
        }),
      );
      const page = await MetricsPage.at(`${url}/internal/metrics`);
      expect(page.value('circuit_breaker_state')).toBe(0);
    });

    it('serves nothing without a path', async () => {
      const { url } = await startHttp(
        rootModule({
          ...shop,
          imports: [
            CircuitBreakerPrometheusModule.forRootAsync({
              useFactory: () => OPTIONS,
            }),
          ],
        }),
      );
      expect((await fetch(url)).status).toBe(404);
    });
  });

  it('finds circuits that are not global', async () => {
    const registry = new Registry();
    await startContext(
      plainModule({
        ...shop,
        imports: [
          CircuitBreakerModule.forRoot({ isGlobal: false }),
          CircuitBreakerPrometheusModule.forRoot({ registry }),
        ],
      }),
    );
    expect(await registry.metrics()).toContain('name="payments"');
  });

  it('says what is missing without circuits', async () => {
    await expect(
      startContext(
        plainModule({ imports: [CircuitBreakerPrometheusModule.forRoot()] }),
      ),
    ).rejects.toThrow(
      'CircuitBreakerPrometheusModule finds no circuits: import CircuitBreakerModule.forRoot()',
    );
  });

  it('lists every bad option', async () => {
    await expect(
      startContext(
        rootModule({
          imports: [
            CircuitBreakerPrometheusModule.forRoot({
              registry: 'mine' as never,
              durations: { buckets: [2, 1] },
              maxNames: 0,
            }),
          ],
        }),
      ),
    ).rejects.toThrow(
      /^CircuitBreakerPrometheusModule: 3 options .*\n.*registry: .*\n.*durations.*\n.*maxNames/,
    );
  });

  it('lets two applications share a registry', async () => {
    const registry = new Registry();
    const start = () =>
      startContext(
        rootModule({
          ...shop,
          imports: [CircuitBreakerPrometheusModule.forRoot({ registry })],
        }),
      );
    const [first, second] = [await start(), await start()];
    first.get(Gateway).charge();
    second.get(Gateway).charge();
    second.get(CircuitBreakerRegistry).get('payments').forceOpen();
    const successes = async () =>
      new MetricsPage(await registry.metrics()).value(
        'circuit_breaker_calls_total',
        { result: 'success' },
      );

    expect(await successes()).toBe(2);
    await second.close();
    expect(await successes()).toBe(2);
  });

  it('takes nothing from others when its application is closed again', async () => {
    const registry = new Registry();
    const start = async () => {
      const app = await startContext(
        rootModule({
          ...shop,
          imports: [CircuitBreakerPrometheusModule.forRoot({ registry })],
        }),
      );
      return {
        wing: app.get(CircuitBreakerPrometheusModule),
        gateway: app.get(Gateway),
      };
    };
    const closed = await start();
    closed.wing.onApplicationShutdown();
    const second = await start();
    closed.wing.onApplicationShutdown();
    const third = await start();
    second.gateway.charge();
    third.gateway.charge();

    expect(
      new MetricsPage(await registry.metrics()).value(
        'circuit_breaker_calls_total',
        { result: 'success' },
      ),
    ).toBe(2);
  });
});
