import {
  Module,
  type DynamicModule,
  type INestApplication,
} from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { CircuitBreakerModule } from '../../lib/circuit-breaker.module.js';
import { CircuitBreakerDashboardModule } from '../../lib/dashboard/index.js';
import { CircuitBreakerRegistry } from '../../lib/registry/circuit-breaker.registry.js';

/** Where a test's application runs. */
export type Platform = 'express' | 'fastify';

/** What a test's application is made of. */
export interface ApplicationSettings {
  readonly platform?: Platform;
  readonly dashboard?: Parameters<
    typeof CircuitBreakerDashboardModule.forRoot
  >[0];
  /** In the place of `dashboard`. */
  readonly module?: DynamicModule;
  readonly circuits?: Parameters<typeof CircuitBreakerModule.forRoot>[0];
  readonly setUp?: (app: INestApplication) => void;
}

/** A Nest application with the dashboard that listens on a free port. */
export class DashboardApplication {
  private constructor(
    readonly app: INestApplication,
    readonly origin: string,
  ) {}

  static async start({
    platform = 'express',
    dashboard = {},
    module = CircuitBreakerDashboardModule.forRoot(dashboard),
    circuits = { circuits: { payments: { openJitter: 0 } } },
    setUp,
  }: ApplicationSettings = {}): Promise<DashboardApplication> {
    @Module({ imports: [CircuitBreakerModule.forRoot(circuits), module] })
    class AppModule {}
    // What stops the start is for the test to see, not the end of the process.
    const silently = { logger: false, abortOnError: false } as const;
    const app =
      platform === 'fastify'
        ? await NestFactory.create(AppModule, new FastifyAdapter(), silently)
        : await NestFactory.create(AppModule, silently);
    setUp?.(app);
    await app.listen(0, '127.0.0.1');
    return new DashboardApplication(app, await app.getUrl());
  }

  get registry(): CircuitBreakerRegistry {
    return this.app.get(CircuitBreakerRegistry);
  }

  get port(): number {
    return Number(new URL(this.origin).port);
  }

  get(path: string, headers: Record<string, string> = {}): Promise<Response> {
    return fetch(`${this.origin}${path}`, { headers, redirect: 'manual' });
  }

  /** An action as the page sends it, with other headers over its own. */
  act(action: object, headers: Record<string, string> = {}): Promise<Response> {
    return fetch(`${this.origin}/circuits/api/actions`, {
      method: 'POST',
      headers: {
        'Content-Type': 'application/json',
        'X-Circuit-Breaker-Action': 'test',
        ...headers,
      },
      body: JSON.stringify(action),
    });
  }

  /** Has calls of a circuit fail. */
  async fail(name: string, times: number): Promise<void> {
    const circuit = this.registry.get(name);
    for (let left = times; left > 0; left--) {
      await circuit
        .execute(() => {
          throw new Error('unreachable');
        })
        .catch(() => undefined);
    }
  }
}
