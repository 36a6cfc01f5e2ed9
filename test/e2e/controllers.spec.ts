import http from 'node:http';
import { afterEach, describe, expect, it } from '@jest/globals';
import {
  BadRequestException,
  Body,
  Controller,
  Get,
  Param,
  Post,
  Scope,
  UseInterceptors,
  type ArgumentMetadata,
  type CallHandler,
  type ExecutionContext,
  type INestApplication,
  type NestInterceptor,
  type PipeTransform,
  type Type,
} from '@nestjs/common';
import {
  concat,
  firstValueFrom,
  NEVER,
  of,
  retry,
  Subject,
  take,
  tap,
  type Observable,
} from 'rxjs';
import { CircuitBreaker } from '../../lib/protection/circuit-breaker.decorator.js';
import { CircuitBreakerInterceptor } from '../../lib/protection/circuit-breaker.interceptor.js';
import { CircuitBreakerRegistry } from '../../lib/registry/circuit-breaker.registry.js';
import {
  closeApps,
  plainModule,
  PLATFORMS,
  rootModule,
  startHttp,
} from '../support/nest-app.js';

/** Counts how often pipes run. */
class CountingPipe implements PipeTransform {
  static runs = 0;

  transform(value: unknown, _metadata: ArgumentMetadata) {
    CountingPipe.runs++;
    if (value === 'bad') throw new BadRequestException('bad');
    return value;
  }
}

afterEach(async () => {
  await closeApps();
  CountingPipe.runs = 0;
});

describe.each(PLATFORMS)(
  '@CircuitBreaker on a controller, on %s',
  (_p, adapter) => {
    async function start(
      controller: Type,
      prepare?: (app: INestApplication) => void,
    ) {
      const root = rootModule({ controllers: [controller] });
      const { app, url } = await startHttp(root, adapter, prepare);
      const registry = app.get(CircuitBreakerRegistry);
      return {
        app,
        registry,
        totals: (name: string) => registry.get(name).snapshot().totals,
        get: async (path: string) => {
          const response = await fetch(`${url}/${path}`);
          const text = await response.text();
          return { status: response.status, text };
        },
        url,
      };
    }

    @CircuitBreaker({ consecutiveFailures: 2 })
    @Controller('above')
    class Above {
      @Get('one/:id')
      one(@Param('id', CountingPipe) id: string) {
        if (id === 'fail') throw new Error('down');
        return `one ${id}`;
      }
      @Get('two')
      async two() {
        return 'two';
      }
      helper() {
        return 'no handler';
      }
    }

    @Controller('below')
    @CircuitBreaker({ consecutiveFailures: 2 })
    class Below extends Above {}

    @Controller({ path: 'scoped', scope: Scope.REQUEST })
    @CircuitBreaker({ consecutiveFailures: 2 })
    class Scoped extends Above {}

    it.each([
      ['above @Controller', Above, 'above'],
      ['below @Controller', Below, 'below'],
      ['on a request-scoped controller', Scoped, 'scoped'],
    ])(
      '%s protects every handler by a circuit of its own',
      async (_n, type, path) => {
        const { get, registry, totals } = await start(type);
        const one = `${type.name}.one`;

        expect(registry.names()).toEqual([one, `${type.name}.two`]);
        expect(await get(`${path}/one/a`)).toEqual({
          status: 200,
          text: 'one a',
        });
        expect((await get(`${path}/one/fail`)).status).toBe(500);
        expect((await get(`${path}/one/fail`)).status).toBe(500);
        expect((await get(`${path}/one/a`)).status).toBe(503);
        expect((await get(`${path}/two`)).status).toBe(200);
        expect(totals(one)).toMatchObject({
          calls: 3,
          successes: 1,
          failures: 2,
          rejected: 1,
        });
      },
    );

    it('with a name protects all handlers by one circuit', async () => {
      @CircuitBreaker('shop', { consecutiveFailures: 1 })
      @Controller()
      class Shop {
        @Get('one')
        one() {
          throw new Error('down');
        }
        @Get('two')
        two() {
          return 'two';
        }
      }
      const { get, registry } = await start(Shop);

      await get('one');

      expect(registry.names()).toEqual(['shop']);
      expect((await get('two')).status).toBe(503);
    });

    it('runs neither pipes nor the handler while the circuit is open', async () => {
      const { get, registry } = await start(Above);
      registry.get('Above.one').forceOpen();

      expect((await get('above/one/a')).status).toBe(503);
      expect(CountingPipe.runs).toBe(0);
    });

    it('ignores what pipes refuse', async () => {
      const { get, totals } = await start(Above);

      expect((await get('above/one/bad')).status).toBe(400);
      expect(totals('Above.one')).toMatchObject({ ignored: 1, failures: 0 });
    });

    it('gives fallbacks the error and the ExecutionContext', async () => {
      @CircuitBreaker('shop', {
        fallback: (error: Error, context: ExecutionContext) =>
          `${error.message} at ${context.getHandler().name}`,
      })
      @Controller()
      class Shop {
        @Get('one')
        one() {
          throw new Error('down');
        }
      }
      const { get, registry, totals } = await start(Shop);

      expect(await get('one')).toEqual({ status: 200, text: 'down at one' });
      registry.get('shop').forceOpen();
      expect(await get('one')).toEqual({
        status: 200,
        text: 'Circuit "shop" is forced open at one',
      });
      expect(totals('shop')).toMatchObject({ fallbacks: 2, rejected: 1 });
    });

    it('calls a named fallback on the controller', async () => {
      @CircuitBreaker('shop', { fallback: 'orElse' })
      @Controller()
      class Shop {
        readonly #name = 'shop';
        @Get('one')
        one() {
          throw new Error('down');
        }
        orElse(error: Error, context: ExecutionContext) {
          return `${error.message} ${context.getType()} ${this.#name}`;
        }
      }
      const { get } = await start(Shop);

      expect(await get('one')).toEqual({ status: 200, text: 'down http shop' });
    });

    it('calls a named fallback on the controller of the request', async () => {
      @CircuitBreaker('shop', { fallback: 'orElse' })
      @Controller({ scope: Scope.REQUEST })
      class Shop {
        static made = 0;
        readonly number = ++Shop.made;
        @Get('one')
        one() {
          throw new Error(`down ${this.number}`);
        }
        orElse(error: Error) {
          return `${error.message} ${this.number}`;
        }
      }
      const { get } = await start(Shop);

      expect((await get('one')).text).toBe('down 1 1');
      expect((await get('one')).text).toBe('down 2 2');
    });

    it('answers with a fallback that is an Observable or a promise', async () => {
      @CircuitBreaker('shop', { fallback: () => of('observed') })
      @Controller()
      class Shop {
        @Get('one')
        one() {
          throw new Error('down');
        }
      }
      const { get } = await start(Shop);

      expect((await get('one')).text).toBe('observed');
    });

    describe('a handler with a decorator of its own', () => {
      @CircuitBreaker('class', { consecutiveFailures: 5 })
      @Controller()
      class Shop {
        static runs = 0;

        @Get('own/:id')
        @CircuitBreaker('own')
        async own(@Param('id', CountingPipe) id: string) {
          Shop.runs++;
          if (id === 'fail') throw new Error('down');
          return id;
        }

        @CircuitBreaker('answered', {
          fallback: (_error, id: string) => `no ${id}`,
        })
        @Get('answered/:id')
        async answered(@Param('id', CountingPipe) id: string) {
          return id;
        }

        @CircuitBreaker()
        @Get('defaults')
        async defaults() {
          return 'defaults';
        }
      }

      it('is counted once, by its own circuit', async () => {
        const { get, registry, totals } = await start(Shop);

        await get('own/a');
        await get('own/fail');
        await get('defaults');

        expect(registry.names().toSorted()).toEqual([
          'answered',
          'class',
          'own',
        ]);
        expect(totals('own')).toMatchObject({ calls: 2, failures: 1 });
        expect(totals('class')).toMatchObject({ calls: 1 });
      });

      it('is refused before pipes run, and that is counted once', async () => {
        const { get, registry, totals } = await start(Shop);
        registry.get('own').forceOpen();
        Shop.runs = 0;

        expect((await get('own/a')).status).toBe(503);
        expect(CountingPipe.runs).toBe(0);
        expect(Shop.runs).toBe(0);
        expect(totals('own')).toMatchObject({ calls: 0, rejected: 1 });
      });

      it('runs its pipes when a fallback may answer, which gets the arguments', async () => {
        const { get, registry, totals } = await start(Shop);
        registry.get('answered').forceOpen();

        expect((await get('answered/a')).text).toBe('no a');
        expect(CountingPipe.runs).toBe(1);
        expect(totals('answered')).toMatchObject({ rejected: 1, fallbacks: 1 });
      });

      it('takes one probe when the wait is over', async () => {
        @CircuitBreaker()
        @Controller()
        class Recovering {
          @CircuitBreaker('probe', {
            consecutiveFailures: 1,
            openDuration: 0,
            halfOpen: { calls: 1, concurrency: 1 },
          })
          @Get('one/:id')
          async one(@Param('id') id: string) {
            if (id === 'fail') throw new Error('down');
            return id;
          }
        }
        const { get, registry, totals } = await start(Recovering);

        await get('one/fail');
        expect(registry.get('probe').state).toBe('open');
        expect((await get('one/a')).status).toBe(200);
        expect(registry.get('probe').state).toBe('closed');
        expect(totals('probe')).toMatchObject({ calls: 2, rejected: 0 });
      });
    });
  },
);

describe.each(PLATFORMS)('CircuitBreakerInterceptor, on %s', (_p, adapter) => {
  async function start(...controllers: Type[]) {
    const root = rootModule({ controllers });
    const { app, url } = await startHttp(root, adapter);
    const registry = app.get(CircuitBreakerRegistry);
    return {
      registry,
      totals: (name: string) => registry.get(name).snapshot().totals,
      status: async (path: string) => (await fetch(`${url}/${path}`)).status,
      url,
    };
  }

  it('on a handler protects it alone, under the name Class.method', async () => {
    @Controller()
    class Shop {
      @UseInterceptors(CircuitBreakerInterceptor)
      @Get('one')
      one() {
        throw new Error('down');
      }
      @Get('two')
      two() {
        return 'two';
      }
    }
    const { registry, status, totals } = await start(Shop);

    expect(registry.names()).toEqual(['Shop.one']);
    expect(await status('one')).toBe(500);
    expect(await status('two')).toBe(200);
    expect(totals('Shop.one')).toMatchObject({ calls: 1, failures: 1 });
  });

  it('on a controller protects every handler', async () => {
    @UseInterceptors(CircuitBreakerInterceptor)
    @Controller()
    class Shop {
      @Get('one')
      one() {
        return 'one';
      }
      @Post('two')
      two(@Body() body: unknown) {
        return body;
      }
    }
    const { registry, status, totals, url } = await start(Shop);

    expect(registry.names()).toEqual(['Shop.one', 'Shop.two']);
    await status('one');
    const headers = { 'content-type': 'application/json' };
    await fetch(`${url}/two`, { method: 'POST', headers, body: '{"a":1}' });
    expect(totals('Shop.one').successes).toBe(1);
    expect(totals('Shop.two').successes).toBe(1);
  });

  it('counts once, however often it is bound', async () => {
    @UseInterceptors(CircuitBreakerInterceptor)
    @CircuitBreaker('shop')
    @Controller()
    class Shop {
      @UseInterceptors(CircuitBreakerInterceptor)
      @Get('one')
      one() {
        return 'one';
      }
    }
    @UseInterceptors(CircuitBreakerInterceptor)
    @Controller('derived')
    class Derived extends Shop {}
    const { status, totals } = await start(Shop, Derived);

    expect(await status('one')).toBe(200);
    expect(totals('shop').calls).toBe(1);
    expect(await status('derived/one')).toBe(200);
    expect(totals('shop').calls).toBe(2);
  });

  it('counts every attempt of an interceptor around it that tries again, also where it is bound twice', async () => {
    class Retrying implements NestInterceptor {
      intercept(_context: ExecutionContext, next: CallHandler) {
        return (next.handle() as Observable<unknown>).pipe(retry(2));
      }
    }
    @UseInterceptors(Retrying, CircuitBreakerInterceptor)
    @Controller()
    class Shop {
      calls = 0;
      @UseInterceptors(CircuitBreakerInterceptor)
      @Get('twice')
      twice() {
        if (++this.calls < 3) throw new Error('down');
        return 'answer';
      }
    }
    const { status, totals } = await start(Shop);

    expect(await status('twice')).toBe(200);
    expect(totals('Shop.twice')).toMatchObject({ failures: 2, successes: 1 });
  });

  it('passes where the module is missing', async () => {
    @Controller()
    class Shop {
      @UseInterceptors(CircuitBreakerInterceptor)
      @Get('one')
      one() {
        return 'one';
      }
    }
    const { url } = await startHttp(
      plainModule({ controllers: [Shop] }),
      adapter,
    );

    expect((await fetch(`${url}/one`)).status).toBe(200);
  });

  describe('when a client leaves before the answer', () => {
    /** Sees what the handlers answer. */
    class Watching implements NestInterceptor {
      static seen: unknown[] = [];
      intercept(_context: ExecutionContext, next: CallHandler) {
        return (next.handle() as Observable<unknown>).pipe(
          tap(answer => Watching.seen.push(answer)),
        );
      }
    }

    @UseInterceptors(Watching, CircuitBreakerInterceptor)
    @Controller()
    class Slow {
      static answers = new Subject<string>();

      @Get('promise')
      async promise() {
        return firstValueFrom(Slow.answers);
      }

      @Get('observable')
      observable(): Observable<string> {
        return Slow.answers.asObservable();
      }
    }

    it('gives the permit of a handler with a promise back, while that runs on', async () => {
      const { registry, totals, url } = await start(Slow);
      const circuit = registry.get('Slow.promise');
      Watching.seen = [];

      await leave(`${url}/promise`, () => circuit.snapshot().inFlight);

      expect(Watching.seen).toEqual([]);
      expect(totals('Slow.promise')).toMatchObject({ calls: 1, ignored: 1 });
      Slow.answers.next('late');
      await until(() => Watching.seen.length === 1);
      expect(Watching.seen).toEqual(['late']);
      expect(totals('Slow.promise')).toMatchObject({ calls: 1, ignored: 1 });
    });

    it('gives the permit of a handler with an Observable back', async () => {
      const { registry, totals, url } = await start(Slow);
      const circuit = registry.get('Slow.observable');

      await leave(`${url}/observable`, () => circuit.snapshot().inFlight);

      expect(totals('Slow.observable')).toMatchObject({ calls: 1, ignored: 1 });
      await until(() => !Slow.answers.observed);
    });

    it('lets a fallback that is answering go on', async () => {
      const answers = new Subject<string>();
      @CircuitBreaker('falling', { fallback: () => firstValueFrom(answers) })
      @UseInterceptors(Watching)
      @Controller()
      class Falling {
        static calls = 0;
        @Get('falling')
        falling() {
          Falling.calls++;
          throw new Error('down');
        }
      }
      const { totals, url } = await start(Falling);
      Watching.seen = [];
      const request = http.get(`${url}/falling`, { agent: false });
      request.on('error', () => {});

      await until(() => answers.observed);
      const closed = new Promise(resolve => request.on('close', resolve));
      request.destroy();
      await closed;
      // The server hears of it a little later.
      await new Promise(resolve => setTimeout(resolve, 50));
      answers.next('instead');

      await until(() => totals('falling').fallbacks === 1);
      expect(Watching.seen).toEqual(['instead']);
      expect(Falling.calls).toBe(1);
    });

    it('asks nobody again after the answer', async () => {
      class First implements NestInterceptor {
        intercept(_context: ExecutionContext, next: CallHandler) {
          return (next.handle() as Observable<unknown>).pipe(take(1));
        }
      }
      class Inner implements NestInterceptor {
        static calls = 0;
        intercept(_context: ExecutionContext, next: CallHandler) {
          Inner.calls++;
          return next.handle() as Observable<unknown>;
        }
      }
      @UseInterceptors(First, CircuitBreakerInterceptor, Inner)
      @Controller()
      class Endless {
        @Get('endless')
        endless() {
          return concat(of('first'), NEVER);
        }
      }
      const { status } = await start(Endless);

      expect(await status('endless')).toBe(200);
      await new Promise(resolve => setTimeout(resolve, 50));
      expect(Inner.calls).toBe(1);
    });

    it('answers those that stay', async () => {
      const { registry, totals, url } = await start(Slow);
      const circuit = registry.get('Slow.promise');

      const answer = fetch(`${url}/promise`).then(response => response.text());
      await until(() => circuit.snapshot().inFlight === 1);
      Slow.answers.next('in time');

      expect(await answer).toBe('in time');
      expect(totals('Slow.promise')).toMatchObject({ successes: 1 });
    });
  });
});

/** Asks and leaves. Not `fetch`, which opens another connection after an abort and keeps the server from closing. */
async function leave(url: string, inFlight: () => number) {
  const request = http.get(url, { agent: false }).on('error', () => {});
  await until(() => inFlight() === 1);
  request.destroy();
  await until(() => inFlight() === 0);
}

/** Waits in real time, as sockets do. */
async function until(condition: () => boolean): Promise<void> {
  for (let i = 0; !condition(); i++) {
    if (i === 500) throw new Error('waited in vain');
    await new Promise(resolve => setTimeout(resolve, 10));
  }
}
