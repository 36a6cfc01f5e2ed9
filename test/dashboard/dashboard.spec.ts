import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { addAbortSignal } from 'node:stream';
import { Module, VersioningType } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import {
  afterEach,
  beforeEach,
  describe,
  expect,
  it,
  jest,
} from '@jest/globals';
import {
  CircuitBreakerDashboardModule,
  type CircuitBreakerDashboardOptionsFactory,
} from '../../lib/dashboard/index.js';
import { pageFiles } from '../../lib/dashboard/page-files.js';
import {
  DashboardApplication,
  type ApplicationSettings,
} from './dashboard-application.js';
import { EventReader } from './event-reader.js';

describe.each(['express', 'fastify'] as const)(
  'the dashboard on %s',
  platform => {
    const open: { close(): unknown }[] = [];
    afterEach(async () => {
      jest.restoreAllMocks();
      for (const each of open.splice(0).toReversed()) await each.close();
    });

    async function start(
      settings: ApplicationSettings = {},
    ): Promise<DashboardApplication> {
      const started = await DashboardApplication.start({
        platform,
        ...settings,
      });
      open.push(started.app);
      return started;
    }

    async function listen(
      app: DashboardApplication,
      path = '/circuits/api/events',
    ): Promise<EventReader> {
      const reader = await EventReader.open(`${app.origin}${path}`);
      open.push(reader);
      return reader;
    }

    it('sends a path without a slash at its end to the one with it, by a relative address', async () => {
      const app = await start();
      const response = await app.get('/circuits');
      expect(response.status).toBe(302);
      expect(response.headers.get('location')).toBe('circuits/');
    });

    it('forbids frames, foreign scripts, sniffing and caching, on every answer', async () => {
      const app = await start();
      for (const path of [
        '',
        '/',
        '/api/circuits',
        '/api/circuit',
        '/assets/none.js',
      ]) {
        const { headers } = await app.get(`/circuits${path}`);
        expect(headers.get('x-frame-options')).toBe('DENY');
        expect(headers.get('x-content-type-options')).toBe('nosniff');
        expect(headers.get('cache-control')).toContain('no-store');
        const policy = headers.get('content-security-policy')!;
        expect(policy).toContain("default-src 'none'");
        expect(policy).toContain("frame-ancestors 'none'");
        expect(policy).not.toContain('unsafe');
        expect(headers.get('access-control-allow-origin')).toBeNull();
      }
    });

    describe('with its page', () => {
      const files = {
        'index.html': { type: 'text/html; charset=utf-8', content: '<é>' },
        'assets/page.js': { type: 'text/javascript', content: 'export {};' },
      };
      beforeEach(() => void Object.assign(pageFiles, files));
      afterEach(() => {
        for (const name of Object.keys(files)) {
          Reflect.deleteProperty(pageFiles, name);
        }
      });

      it.each(['/circuits', '/', '/a/b/'])('serves it at %s', async path => {
        const app = await start({ dashboard: { path } });
        const base = path.replace(/\/$/, '');
        const page = await app.get(`${base}/?a=1`);
        expect(page.status).toBe(200);
        expect(page.headers.get('content-type')).toBe(
          'text/html; charset=utf-8',
        );
        expect(page.headers.get('cache-control')).toBe(
          'no-store, no-transform',
        );
        expect(await page.text()).toBe('<é>');
        const asset = await app.get(`${base}/assets/page.js`);
        expect(await asset.text()).toBe('export {};');
        expect((await app.get(`${base}/api/circuits`)).status).toBe(200);
      });

      it('has its files kept for good: their names change with them', async () => {
        const app = await start();
        const { status, headers } = await app.get('/circuits/assets/page.js');
        expect(status).toBe(200);
        expect(headers.get('content-type')).toContain('text/javascript');
        expect(headers.get('cache-control')).toBe(
          'private, max-age=31536000, immutable',
        );
      });

      it.each(['none.js', 'index.html', 'constructor', '__proto__', ''])(
        'has no file "%s"',
        async name => {
          const app = await start();
          const response = await app.get(`/circuits/assets/${name}`);
          expect(response.status).toBe(404);
        },
      );

      it('says that a file is not there', async () => {
        const app = await start();
        const response = await app.get('/circuits/assets/none.js');
        expect(await response.json()).toEqual({
          error: { code: 'NOT_FOUND', message: 'There is nothing here.' },
        });
      });
    });

    it('is under the global prefix and the path that was chosen', async () => {
      const app = await start({
        dashboard: { path: 'ops/breakers' },
        setUp: nest => nest.setGlobalPrefix('v1'),
      });
      expect((await app.get('/v1/ops/breakers/api/circuits')).status).toBe(200);
      expect((await app.get('/v1/ops/breakers')).headers.get('location')).toBe(
        'breakers/',
      );
      expect((await app.get('/circuits/api/circuits')).status).toBe(404);
    });

    it('takes its options from other providers', async () => {
      const module = CircuitBreakerDashboardModule.forRootAsync({
        path: 'later',
        useFactory: async () => ({ authorize: () => true }),
      });
      const app = await start({ module });
      const answer = (await (await app.get('/later/api/circuits')).json()) as {
        actions: boolean;
      };
      expect(answer.actions).toBe(true);
    });

    it('is where it is without a path where a class makes its options', async () => {
      class Options implements CircuitBreakerDashboardOptionsFactory {
        create() {
          return { authorize: () => true };
        }
      }
      const module = CircuitBreakerDashboardModule.forRootAsync({
        useClass: Options,
      });
      const app = await start({ module });
      const response = await app.get('/circuits/api/circuits');
      expect(await response.json()).toMatchObject({ actions: true });
    });

    it('takes options that are undefined for such as are not given', async () => {
      const dashboard = { path: undefined, guards: undefined } as object;
      const app = await start({ dashboard });
      expect((await app.get('/circuits/api/circuits')).status).toBe(200);
    });

    it('is where it is whatever the versions of the application', async () => {
      const app = await start({
        setUp: nest =>
          nest.enableVersioning({
            type: VersioningType.URI,
            defaultVersion: '2',
          }),
      });
      expect((await app.get('/circuits/api/circuits')).status).toBe(200);
    });

    it('stops the start without circuits, and says what to import', async () => {
      @Module({ imports: [CircuitBreakerDashboardModule.forRoot()] })
      class AppModule {}
      const app = await NestFactory.create(AppModule, {
        logger: false,
        abortOnError: false,
      });
      await expect(app.init()).rejects.toThrow(
        /^CircuitBreakerDashboardModule finds no circuits: import CircuitBreakerModule\.forRoot\(\)/,
      );
    });

    it('has one timer, which holds no process and is gone when the application closes', async () => {
      const set = jest.spyOn(globalThis, 'setInterval');
      const clear = jest.spyOn(globalThis, 'clearInterval');
      const { app } = await start();
      const timers = set.mock.results
        .filter((_, index) => set.mock.calls[index]![1] === 1_000)
        .map(({ value }) => value as NodeJS.Timeout);
      expect(timers.map(timer => timer.hasRef())).toEqual([false]);
      await app.close();
      expect(clear.mock.calls).toContainEqual([timers[0]]);
    });

    it('names the same process and its own time in all that it answers', async () => {
      const app = await start({ dashboard: { authorize: () => true } });
      const before = Date.now();
      const answers = [
        await (await app.get('/circuits/api/circuits')).json(),
        await (await app.get('/circuits/api/circuit?name=payments')).json(),
        await (await listen(app)).next('snapshot'),
      ] as { at: number; instance: string }[];
      for (const answer of answers) {
        expect(answer).toMatchObject({ actions: true, fleet: null });
        expect(answer.at).toBeGreaterThanOrEqual(before);
        expect(answer.at).toBeLessThanOrEqual(Date.now());
      }
      const instances = new Set(answers.map(({ instance }) => instance));
      expect([...instances]).toEqual([expect.stringMatching(/^[\da-f-]{36}$/)]);
      const other = await start();
      const response = await other.get('/circuits/api/circuits');
      const { instance } = (await response.json()) as { instance: string };
      expect(instances.has(instance)).toBe(false);
    });

    it('says what is missing where there is no such circuit', async () => {
      const app = await start();
      const response = await app.get('/circuits/api/circuit');
      expect(response.status).toBe(404);
      expect(await response.json()).toEqual({
        error: {
          code: 'NO_CIRCUIT',
          message:
            'There is no such circuit. Give its name, and its key if it has one.',
        },
      });
    });

    it('counts the keyed circuits of a name for which there is no room', async () => {
      const app = await start({
        circuits: { circuits: { payments: { maxKeys: 3_000 }, search: {} } },
      });
      for (let key = 0; key < 2_000; key++) {
        app.registry.keyed('payments', String(key));
      }
      const response = await app.get('/circuits/api/circuits?name=payments');
      const { circuits, omitted } = (await response.json()) as {
        circuits: unknown[];
        omitted: number;
      };
      expect([circuits.length, omitted]).toEqual([2_000, 1]);
    });

    it('shows the circuits of a module that is not global', async () => {
      const app = await start({
        circuits: { isGlobal: false, circuits: { payments: {} } },
      });
      expect((await app.get('/circuits/api/circuits')).status).toBe(200);
    });

    it('asks its guards before it shows anything', async () => {
      const app = await start({
        dashboard: { guards: [{ canActivate: () => false }] },
      });
      for (const path of [
        '',
        '/',
        '/assets/page.js',
        '/api/circuits',
        '/api/circuit?name=payments',
        '/api/events',
      ]) {
        const response = await app.get(`/circuits${path}`);
        // As Nest says it, not as we do.
        expect(await response.json()).toMatchObject({ statusCode: 403 });
      }
      const action = { type: 'force-open', name: 'payments', reason: 'x' };
      expect(await (await app.act(action)).json()).toMatchObject({
        statusCode: 403,
      });
    });

    it.each([
      '/',
      '/assets/none.js',
      '/api/circuits',
      '/api/circuit?name=payments',
      '/api/events',
    ])('turns a page of another site away at %s', async path => {
      const app = await start();
      const response = await app.get(`/circuits${path}`, {
        Origin: 'https://evil.example',
      });
      void response.body?.cancel();
      expect(response.status).toBe(403);
    });

    it('says that nothing can be done where no authorize was given', async () => {
      const app = await start();
      for (const path of ['circuits', 'circuit?name=payments']) {
        const response = await app.get(`/circuits/api/${path}`);
        expect(await response.json()).toMatchObject({ actions: false });
      }
    });

    it('answers the circuits of one name', async () => {
      const app = await start({
        circuits: { circuits: { payments: {}, search: {} } },
      });
      app.registry.keyed('search', 'acme');
      const response = await app.get('/circuits/api/circuits?name=search');
      expect(await response.json()).toMatchObject({
        circuits: [
          { name: 'search', key: null },
          { name: 'search', key: 'acme' },
        ],
      });
    });

    it('answers a keyed circuit by its key', async () => {
      const app = await start();
      app.registry.keyed('payments', 'acme').forceOpen();
      const response = await app.get(
        '/circuits/api/circuit?name=payments&key=acme',
      );
      expect(await response.json()).toMatchObject({
        circuit: { key: 'acme', state: 'forced-open' },
      });
    });

    it('answers a circuit with the rules that it has', async () => {
      const rules = {
        minimumCalls: 7,
        failureRateThreshold: 0.11,
        failureCount: 12,
        consecutiveFailures: 13,
        slowCallDuration: 1_400,
        slowCallRateThreshold: 0.15,
      };
      const app = await start({
        circuits: {
          circuits: {
            payments: {
              ...rules,
              critical: true,
              openDuration: { initial: '16s', multiplier: 2 },
            },
          },
        },
      });
      const response = await app.get('/circuits/api/circuit?name=payments');
      expect(await response.json()).toMatchObject({
        circuit: {
          critical: true,
          thresholds: { ...rules, openDuration: 16_000 },
        },
      });
    });

    it('answers no wait where a function decides it', async () => {
      const app = await start({
        circuits: { circuits: { payments: { openDuration: () => 5 } } },
      });
      const response = await app.get('/circuits/api/circuit?name=payments');
      expect(await response.json()).toMatchObject({
        circuit: { thresholds: { openDuration: null } },
      });
    });

    it('answers the circuits as JSON, with why they are so', async () => {
      const app = await start();
      await app.fail('payments', 10);
      const { circuits } = (await (
        await app.get('/circuits/api/circuits')
      ).json()) as {
        circuits: Record<string, unknown>[];
      };
      expect(circuits).toHaveLength(1);
      expect(circuits[0]).toMatchObject({
        name: 'payments',
        key: null,
        state: 'open',
        rule: 'consecutiveFailures',
        nextProbe: expect.any(Number),
        lastFailure: { name: 'Error', message: 'unreachable' },
        totals: { failures: 10 },
      });
      expect(circuits[0]!['sentence']).toMatch(
        /^"payments" is open because 10 calls in a row failed/,
      );
    });

    it('answers one circuit with each of its seconds, whatever its name', async () => {
      const name = '<img src=x onerror=alert(1)>/../é';
      const app = await start({ circuits: { circuits: { [name]: {} } } });
      await app.fail(name, 3);
      await new Promise(resolve => setTimeout(resolve, 1_100));
      const query = new URLSearchParams({ name });
      const response = await app.get(`/circuits/api/circuit?${query}`);
      expect(response.headers.get('content-type')).toContain(
        'application/json',
      );
      const { circuit } = (await response.json()) as {
        circuit: {
          name: string;
          history: { step: number; failures: number[] };
        };
      };
      expect(circuit.name).toBe(name);
      expect(circuit.history.step).toBe(1);
      expect(circuit.history.failures).toHaveLength(300);
      expect(circuit.history.failures.reduce((a, b) => a + b)).toBe(3);
      expect((await app.get('/circuits/api/circuit?name=other')).status).toBe(
        404,
      );
    });

    it('streams everything first, then changes at once and figures each second', async () => {
      const app = await start();
      const reader = await listen(app);
      expect(reader.response.headers['content-type']).toContain(
        'text/event-stream',
      );
      const snapshot = await reader.next('snapshot');
      expect(snapshot).toMatchObject({
        actions: false,
        omitted: 0,
        circuits: [{ name: 'payments', state: 'closed' }],
      });
      await app.fail('payments', 10);
      const failed = performance.now();
      const change = await reader.next('circuits');
      expect(performance.now() - failed).toBeLessThan(900);
      expect(change).toMatchObject({
        circuits: [{ name: 'payments', state: 'open' }],
        removed: [],
      });
      const figures = await reader.next('figures');
      expect(figures).toMatchObject({
        figures: [{ name: 'payments', totals: { failures: 10 } }],
      });
    });

    it('tells a reader who comes back everything anew', async () => {
      const app = await start();
      const first = await listen(app);
      await first.next('snapshot');
      first.close();
      await app.fail('payments', 10);
      const second = await listen(app);
      expect(await second.next('snapshot')).toMatchObject({
        circuits: [{ state: 'open' }],
      });
    });

    it('tells of keyed circuits that come', async () => {
      const app = await start();
      const reader = await listen(app);
      await reader.next('snapshot');
      await app.registry.keyed('payments', 'acme').execute(() => 1);
      expect(await reader.next('circuits')).toMatchObject({
        circuits: [{ name: 'payments', key: 'acme' }],
      });
    });

    it('ends its streams when the application closes, and keeps it waiting for nobody', async () => {
      const app = await start();
      const reader = await listen(app);
      await reader.next('snapshot');
      const before = performance.now();
      await app.app.close();
      await reader.ended();
      expect(performance.now() - before).toBeLessThan(3_000);
    });

    it('has room for a hundred readers, and says when another may come', async () => {
      const app = await start();
      const readers = await Promise.all(
        Array.from({ length: 100 }, () => listen(app)),
      );
      const refused = await app.get('/circuits/api/events');
      expect(refused.status).toBe(503);
      expect(refused.headers.get('retry-after')).toBe('5');
      expect(await refused.json()).toMatchObject({
        error: { code: 'NO_ROOM' },
      });
      expect((await app.get('/circuits/api/circuits')).status).toBe(200);

      readers[0]!.close();
      for (let tries = 0; tries < 100; tries++) {
        const response = await app.get('/circuits/api/events');
        void response.body?.cancel();
        if (response.status === 200) return;
        await new Promise(resolve => setTimeout(resolve, 20));
      }
      throw new Error('The place of a reader that has gone stays taken.');
    });

    it('answers a HEAD of the stream, and then the next request of the connection', async () => {
      const app = await start();
      const socket = connect(app.port, '127.0.0.1');
      open.push({ close: () => socket.destroy() });
      socket.write(
        'HEAD /circuits/api/events HTTP/1.1\r\nHost: localhost\r\n\r\n' +
          'GET /circuits/api/circuit HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n',
      );
      let answers = '';
      const signal = AbortSignal.timeout(3_000);
      for await (const chunk of addAbortSignal(signal, socket)) {
        answers += String(chunk);
      }
      expect(answers).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
      expect(answers).toContain('\r\n\r\nHTTP/1.1 404 Not Found\r\n');
    });

    it('takes slashes too many for no address of another server', async () => {
      const app = await start({ dashboard: { path: '/' } });
      const response = await app.get('//');
      expect(response.status).toBeLessThan(500);
    });

    it('lets a reader that has gone go', async () => {
      const app = await start();
      const socket = await rawStream(app.port);
      const server = app.app.getHttpServer() as {
        getConnections(
          tell: (error: Error | null, count: number) => void,
        ): void;
      };
      socket.destroy();
      const count = () =>
        new Promise<number>(resolve =>
          server.getConnections((_, each) => resolve(each)),
        );
      for (let tries = 0; (await count()) > 0 && tries < 100; tries++) {
        await new Promise(resolve => setTimeout(resolve, 20));
      }
      expect(await count()).toBe(0);
      await app.fail('payments', 10);
    });
  },
);

async function rawStream(port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1');
  await once(socket, 'connect');
  socket.write(
    `GET /circuits/api/events HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n\r\n`,
  );
  await once(socket, 'data');
  return socket;
}
