import http from 'node:http';
import { PassThrough } from 'node:stream';
import { afterEach, describe, expect, it } from '@jest/globals';
import { Controller, Get, StreamableFile } from '@nestjs/common';
import { Subject, type Observable } from 'rxjs';
import { CircuitBreaker } from '../../lib/protection/circuit-breaker.decorator.js';
import { CircuitBreakerRegistry } from '../../lib/registry/circuit-breaker.registry.js';
import {
  closeApps,
  PLATFORMS,
  rootModule,
  startHttp,
} from '../support/nest-app.js';

afterEach(closeApps);

describe.each(PLATFORMS)(
  'a bulkhead around the handlers of a controller, on %s',
  (_p, adapter) => {
    async function start(timeout: string | false) {
      const work = new Subject<unknown>();
      let finish: ((answer: unknown) => void) | undefined;

      @CircuitBreaker('shop', {
        bulkhead: { maxConcurrent: 1, maxQueue: 0, maxWait: '1s' },
        timeout,
      })
      @Controller()
      class Shop {
        @Get('promise')
        async promise(): Promise<unknown> {
          return new Promise(resolve => (finish = resolve));
        }

        @Get('observable')
        observable(): Observable<unknown> {
          return work;
        }
      }
      const { app, url } = await startHttp(
        rootModule({ controllers: [Shop] }),
        adapter,
      );
      const circuit = app.get(CircuitBreakerRegistry).get('shop');
      const ask = async (path: string) => {
        const response = await fetch(`${url}/${path}`);
        return {
          status: response.status,
          body: (await response.json()) as { code?: string },
        };
      };
      return {
        ask,
        circuit,
        url,
        work,
        isCalled: () => finish !== undefined,
        finish: (answer: unknown) => finish?.(answer),
      };
    }

    it('holds a place after the timeout until the promise of the handler has settled', async () => {
      const { ask, finish } = await start('50ms');

      expect(await ask('promise')).toMatchObject({ status: 504 });
      expect(await ask('promise')).toMatchObject({
        status: 503,
        body: { code: 'BULKHEAD_FULL' },
      });

      finish({ late: true });
      await turn();
      const next = ask('observable');
      expect(await next).toMatchObject({ status: 504 });
    });

    it('holds a place after the client has left until the promise of the handler has settled', async () => {
      const { ask, circuit, finish, isCalled, url } = await start(false);

      await leave(`${url}/promise`, isCalled, () => circuit.inFlight === 0);
      expect(await ask('promise')).toMatchObject({
        status: 503,
        body: { code: 'BULKHEAD_FULL' },
      });

      finish({ late: true });
      await turn();
      const next = ask('promise');
      await until(() => circuit.inFlight === 1);
      finish({ in: 'time' });
      expect(await next).toEqual({ status: 200, body: { in: 'time' } });
    });

    it('runs nothing for a client who leaves the queue', async () => {
      let runs = 0;
      let finish: (() => void) | undefined;
      @CircuitBreaker('queue', {
        bulkhead: { maxConcurrent: 1, maxQueue: 50, maxWait: '10s' },
      })
      @Controller()
      class Slow {
        @Get('slow')
        async slow(): Promise<string> {
          runs++;
          return new Promise(resolve => (finish = () => resolve('done')));
        }
      }
      const { app, url } = await startHttp(
        rootModule({ controllers: [Slow] }),
        adapter,
      );
      const circuit = app.get(CircuitBreakerRegistry).get('queue');
      const bulkhead = circuit.pipeline.gate['bulkhead']!;
      const first = fetch(`${url}/slow`);
      await until(() => runs === 1);

      const requests = Array.from({ length: 5 }, () =>
        http.get(`${url}/slow`, { agent: false }).on('error', () => {}),
      );
      await until(() => bulkhead.waiting === 5);
      for (const request of requests) request.destroy();
      await until(() => bulkhead.waiting === 0);
      finish?.();
      expect(await (await first).text()).toBe('done');
      await turn();

      expect(runs).toBe(1);
      expect(circuit.snapshot().totals).toMatchObject({
        calls: 1,
        successes: 1,
      });
    });

    it('never runs a handler for a client who leaves while a fallback answers', async () => {
      let runs = 0;
      const answers: (() => void)[] = [];
      @CircuitBreaker('falling', {
        timeout: '50ms',
        fallback: () =>
          new Promise(resolve => answers.push(() => resolve('instead'))),
      })
      @Controller()
      class Slow {
        @Get('slow')
        async slow(): Promise<string> {
          runs++;
          return new Promise(() => {});
        }
      }
      const { app, url } = await startHttp(
        rootModule({ controllers: [Slow] }),
        adapter,
      );
      const circuit = app.get(CircuitBreakerRegistry).get('falling');
      const ask = async () => {
        const before = answers.length;
        const request = http
          .get(`${url}/slow`, { agent: false })
          .on('error', () => {});
        await until(() => answers.length > before);
        const closed = new Promise(resolve => request.on('close', resolve));
        request.destroy();
        await closed;
        await turn();
        answers.at(-1)?.();
      };

      // It has timed out.
      await ask();
      expect(runs).toBe(1);
      // It is refused.
      circuit.forceOpen();
      await ask();
      expect(runs).toBe(1);
      await until(() => circuit.totals.fallbacks === 2);
    });

    it('frees a place after the timeout when the handler answers with an Observable, which has been stopped', async () => {
      const { ask, work } = await start('50ms');

      expect(await ask('observable')).toMatchObject({ status: 504 });
      expect(work.observed).toBe(false);
      expect(await ask('observable')).toMatchObject({ status: 504 });
    });

    it('closes a file that nobody will be sent', async () => {
      const { ask, finish } = await start('50ms');
      const file = new PassThrough();

      expect(await ask('promise')).toMatchObject({ status: 504 });
      finish(new StreamableFile(file));

      await until(() => file.destroyed);
    });
  },
);

/** Asks, and leaves when the handler runs. */
async function leave(
  url: string,
  isCalled: () => boolean,
  isGone: () => boolean,
): Promise<void> {
  const request = http.get(url, { agent: false }).on('error', () => {});
  await until(isCalled);
  request.destroy();
  await until(isGone);
}

function turn(): Promise<void> {
  return new Promise(resolve => setTimeout(resolve, 10));
}

/** Waits in real time, as sockets do. */
async function until(condition: () => boolean): Promise<void> {
  for (let i = 0; !condition(); i++) {
    if (i === 500) throw new Error('waited in vain');
    await turn();
  }
}
