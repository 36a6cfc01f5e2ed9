import { afterEach, describe, expect, it } from '@jest/globals';
import {
  Controller,
  Get,
  Header,
  HttpCode,
  Injectable,
  Param,
  ParseIntPipe,
  Query,
  SetMetadata,
  UseGuards,
  UsePipes,
  type ArgumentMetadata,
  type CanActivate,
  type ExecutionContext,
  type PipeTransform,
} from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import {
  EventEmitter2,
  EventEmitterModule,
  OnEvent,
} from '@nestjs/event-emitter';
import {
  Ctx,
  EventPattern,
  MessagePattern,
  Payload,
  TcpContext,
  Transport,
  type ClientProxy,
  ClientProxyFactory,
} from '@nestjs/microservices';
import {
  Cron,
  Interval,
  ScheduleModule,
  SchedulerRegistry,
  Timeout,
} from '@nestjs/schedule';
import { firstValueFrom, type Observable, of } from 'rxjs';
import { CircuitBreaker } from '../../lib/protection/circuit-breaker.decorator.js';
import { CircuitBreakerRegistry } from '../../lib/registry/circuit-breaker.registry.js';
import {
  closeApps,
  PLATFORMS,
  rootModule,
  startContext,
  startHttp,
  startTcp,
} from '../support/nest-app.js';

const clients: ClientProxy[] = [];

afterEach(async () => {
  for (const client of clients.splice(0)) await client.close();
  await closeApps();
});

/** What a test waits for: an event, a timer, a message. */
function signal() {
  let tell!: (value: unknown) => void;
  const told = new Promise<unknown>(resolve => (tell = resolve));
  return { tell, told };
}

class RoleGuard implements CanActivate {
  canActivate(context: ExecutionContext) {
    const role = new Reflector().get<string>('role', context.getHandler());
    const { headers } = context.switchToHttp().getRequest<{
      headers: Record<string, string>;
    }>();
    return headers['role'] === role;
  }
}

class Shout implements PipeTransform {
  transform(value: string, { type }: ArgumentMetadata) {
    return type === 'param' ? `${value}!` : value;
  }
}

describe.each(PLATFORMS)('HTTP decorators on %s', (_platform, adapter) => {
  @Controller()
  class Handlers {
    @CircuitBreaker('above')
    @Get('above/:id')
    @HttpCode(202)
    @Header('x-own', 'above')
    @SetMetadata('role', 'admin')
    @UseGuards(RoleGuard)
    @UsePipes(new Shout())
    async above(@Param('id') id: string, @Query('q', ParseIntPipe) q: string) {
      return `${id} ${q}`;
    }

    @Get('below/:id')
    @HttpCode(202)
    @Header('x-own', 'below')
    @SetMetadata('role', 'admin')
    @UseGuards(RoleGuard)
    @UsePipes(new Shout())
    @CircuitBreaker('below')
    async below(@Param('id') id: string, @Query('q', ParseIntPipe) q: string) {
      return `${id} ${q}`;
    }

    @UsePipes(new Shout())
    @HttpCode(202)
    @CircuitBreaker('between')
    @Header('x-own', 'between')
    @SetMetadata('role', 'admin')
    @Get('between/:id')
    @UseGuards(RoleGuard)
    async between(
      @Param('id') id: string,
      @Query('q', ParseIntPipe) q: string,
    ) {
      return `${id} ${q}`;
    }
  }

  it.each(['above', 'below', 'between'])(
    'all take effect with @CircuitBreaker %s them',
    async path => {
      const root = rootModule({ controllers: [Handlers] });
      const { app, url } = await startHttp(root, adapter);
      const ask = (role: string, id = '1') =>
        fetch(`${url}/${path}/a?q=${id}`, { headers: { role } });

      const allowed = await ask('admin');
      expect(allowed.status).toBe(202);
      expect(allowed.headers.get('x-own')).toBe(path);
      expect(await allowed.text()).toBe('a! 1');
      expect((await ask('nobody')).status).toBe(403);

      const circuit = app.get(CircuitBreakerRegistry).get(path);
      expect(circuit.snapshot().totals).toMatchObject({ calls: 1 });
      circuit.forceOpen();
      expect((await ask('admin')).status).toBe(503);
    },
  );
});

describe('@OnEvent', () => {
  it.each(['above', 'below'])(
    'works with @CircuitBreaker %s it',
    async event => {
      @Injectable()
      class Listener {
        heard: string[] = [];
        @CircuitBreaker('above')
        @OnEvent('above')
        async above(text: string) {
          this.heard.push(text);
        }
        @OnEvent('below')
        @CircuitBreaker('below')
        async below(text: string) {
          this.heard.push(text);
        }
      }
      const app = await startContext(
        rootModule({
          imports: [EventEmitterModule.forRoot()],
          providers: [Listener],
        }),
      );
      const emitter = app.get(EventEmitter2);
      const circuit = app.get(CircuitBreakerRegistry).get(event);

      await emitter.emitAsync(event, 'one');
      circuit.forceOpen();
      await emitter.emitAsync(event, 'two');

      expect(app.get(Listener).heard).toEqual(['one']);
      expect(circuit.snapshot().totals).toMatchObject({
        calls: 1,
        rejected: 1,
      });
    },
  );
});

describe('timers of @nestjs/schedule', () => {
  it.each(['Cron', 'Interval', 'Timeout'])(
    '@%s works with @CircuitBreaker above and below it',
    async kind => {
      const told = { Above: signal(), Below: signal() };
      @Injectable()
      class Jobs {
        @CircuitBreaker('CronAbove')
        @Cron('0 0 29 2 *', { name: 'CronAbove' })
        async cronAbove() {
          told.Above.tell('CronAbove');
        }
        @Cron('0 0 29 2 *', { name: 'CronBelow' })
        @CircuitBreaker('CronBelow')
        async cronBelow() {
          told.Below.tell('CronBelow');
        }
        @CircuitBreaker('IntervalAbove')
        @Interval('IntervalAbove', 10)
        async intervalAbove() {
          told.Above.tell('IntervalAbove');
        }
        @Interval('IntervalBelow', 10)
        @CircuitBreaker('IntervalBelow')
        async intervalBelow() {
          told.Below.tell('IntervalBelow');
        }
        @CircuitBreaker('TimeoutAbove')
        @Timeout('TimeoutAbove', 10)
        async timeoutAbove() {
          told.Above.tell('TimeoutAbove');
        }
        @Timeout('TimeoutBelow', 10)
        @CircuitBreaker('TimeoutBelow')
        async timeoutBelow() {
          told.Below.tell('TimeoutBelow');
        }
      }
      const only = (wanted: string) => kind === wanted;
      const app = await startContext(
        rootModule({
          imports: [
            ScheduleModule.forRoot({
              cronJobs: only('Cron'),
              intervals: only('Interval'),
              timeouts: only('Timeout'),
            }),
          ],
          providers: [Jobs],
        }),
      );
      const jobs = app.get(SchedulerRegistry);
      if (only('Cron')) {
        // The job itself, without waiting for the clock.
        await jobs.getCronJob('CronAbove').fireOnTick();
        await jobs.getCronJob('CronBelow').fireOnTick();
      }

      expect(await told.Above.told).toBe(`${kind}Above`);
      expect(await told.Below.told).toBe(`${kind}Below`);
      const registry = app.get(CircuitBreakerRegistry);
      for (const place of ['Above', 'Below']) {
        const circuit = registry.get(`${kind}${place}`);
        // The body has told; its promise settles a little later.
        await new Promise(setImmediate);
        expect(circuit.snapshot().totals.calls).toBeGreaterThan(0);
      }
    },
  );
});

describe('message patterns', () => {
  const events = signal();

  @Controller()
  class Messages {
    @CircuitBreaker('above')
    @MessagePattern('above')
    async above(@Payload() data: string, @Ctx() context: TcpContext) {
      return `${data} ${context.getPattern()}`;
    }

    @MessagePattern('below')
    @CircuitBreaker('below')
    async below(@Payload() data: string, @Ctx() context: TcpContext) {
      return `${data} ${context.getPattern()}`;
    }

    @MessagePattern('stream')
    @CircuitBreaker('stream')
    stream(@Payload() data: string): Observable<string> {
      return of(`${data} 1`, `${data} 2`);
    }

    @EventPattern('event')
    @CircuitBreaker('event')
    async event(@Payload() data: string) {
      events.tell(data);
    }
  }

  async function start() {
    const { app } = await startHttp(rootModule({ controllers: [Messages] }));
    const port = await startTcp(app);
    const client = ClientProxyFactory.create({
      transport: Transport.TCP,
      options: { host: '127.0.0.1', port },
    });
    clients.push(client);
    return { client, registry: app.get(CircuitBreakerRegistry) };
  }

  it.each(['above', 'below'])(
    '@MessagePattern works with @CircuitBreaker %s it',
    async pattern => {
      const { client, registry } = await start();
      const ask = () => firstValueFrom(client.send<string>(pattern, 'hello'));
      const circuit = registry.get(pattern);

      expect(await ask()).toBe(`hello ${pattern}`);
      circuit.forceOpen();
      await expect(ask()).rejects.toMatchObject({ status: 'error' });
      expect(circuit.snapshot().totals).toMatchObject({
        calls: 1,
        rejected: 1,
      });
    },
  );

  it('handlers that answer with an Observable are one call', async () => {
    const { client, registry } = await start();
    const values: string[] = [];

    await client.send<string>('stream', 'x').forEach(value => {
      values.push(value);
    });

    expect(values).toEqual(['x 1', 'x 2']);
    expect(registry.get('stream').snapshot().totals).toMatchObject({
      calls: 1,
      successes: 1,
    });
  });

  it('@EventPattern works', async () => {
    const { client, registry } = await start();

    client.emit('event', 'happened');

    expect(await events.told).toBe('happened');
    await new Promise(setImmediate);
    expect(registry.get('event').snapshot().totals.calls).toBe(1);
  });
});
