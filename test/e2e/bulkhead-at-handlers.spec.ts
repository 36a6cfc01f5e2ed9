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
