import type { IncomingMessage, ServerResponse } from 'node:http';
import { PassThrough } from 'node:stream';
import {
  afterEach,
  beforeEach,
  describe,
  expect,
  it,
  jest,
} from '@jest/globals';
import type { ModuleRef } from '@nestjs/core';
import { Dashboard } from '../../lib/dashboard/dashboard.js';
import { Exchange } from '../../lib/dashboard/exchange.js';
import { RegistryBench } from '../support/registry-bench.js';

const NOON = Date.UTC(2030, 0, 1, 12);

describe('a dashboard that runs', () => {
  beforeEach(
    () =>
      void jest.useFakeTimers({
        now: NOON,
        // Streams live on these.
        doNotFake: ['nextTick', 'queueMicrotask', 'setImmediate'],
      }),
  );
  afterEach(() => void jest.useRealTimers());

  it('samples each second before it tells of it, from the start on', async () => {
    const { payments, open } = bench();
    await payments.execute(() => 1);
    jest.advanceTimersByTime(1_000);
    const { heard } = open();
    expect(await heard()).toContain(
      `"history":{"step":5,"until":${NOON + 1_000},`,
    );
    await payments.execute(() => 1);
    jest.advanceTimersByTime(999);
    expect(await heard()).toBe('');
    jest.advanceTimersByTime(1);
    expect(await heard()).toContain(
      `event: figures\ndata: {"at":${NOON + 2_000},`,
    );
    expect(await open().heard()).toContain(`"until":${NOON + 2_000},`);
  });

  it('tells a reader who was behind everything anew', async () => {
    const { open } = bench();
    const { heard } = open({ highWaterMark: 1 });
    jest.advanceTimersByTime(1_000);
    expect((await heard()).match(/event: \w+/g)).toEqual([
      'event: snapshot',
      'event: snapshot',
    ]);
  });

  it('has no timer any more when it closes, ends its streams, and begins none', async () => {
    const { dashboard, open } = bench();
    const before = open();
    dashboard.beforeApplicationShutdown();
    expect(jest.getTimerCount()).toBe(0);
    expect(before.response.writableEnded).toBe(true);
    const { response, heard } = open();
    expect(response).toMatchObject({
      statusCode: 503,
      headers: { 'Retry-After': '5' },
    });
    expect(JSON.parse(await heard())).toEqual({
      error: { code: 'NO_ROOM', message: 'The application is closing.' },
    });
  });

  it('tells the hundred and first reader why there is no room', async () => {
    const { open } = bench();
    for (let reader = 0; reader < 100; reader++) open();
    const { response, heard } = open();
    expect(response.statusCode).toBe(503);
    expect(JSON.parse(await heard())).toEqual({
      error: {
        code: 'NO_ROOM',
        message: 'Too many read the stream already.',
      },
    });
  });

  it('does not count a HEAD among its readers', async () => {
    const { open } = bench();
    for (let reader = 0; reader < 99; reader++) open();
    for (let times = 0; times < 2; times++) {
      const { response } = open({ method: 'HEAD' });
      expect(response).toMatchObject({ statusCode: 200, writableEnded: true });
    }
    expect(open().response.statusCode).toBe(200);
  });
});

/** A dashboard without a server, whose time the test moves on. */
function bench() {
  const { registry } = new RegistryBench({ circuits: { payments: {} } });
  const moduleRef = { get: () => registry } as unknown as ModuleRef;
  const dashboard = new Dashboard(moduleRef, {});
  dashboard.onModuleInit();
  dashboard.onApplicationBootstrap();
  return {
    dashboard,
    payments: registry.get('payments'),
    /** Asks for the stream. */
    open: ({ highWaterMark = 2 ** 30, method = 'GET' } = {}) => {
      const headers: Record<string, string> = {};
      const response = Object.assign(new PassThrough({ highWaterMark }), {
        statusCode: 0,
        headers,
        setHeader: (name: string, value: string) =>
          void (headers[name] = value),
        flushHeaders() {},
      });
      const request = { method, headers: {}, url: '/circuits/api/events' };
      dashboard.events(
        new Exchange(
          request as unknown as IncomingMessage,
          response as unknown as ServerResponse,
        ),
      );
      return { response, heard: () => readAll(response) };
    },
  };
}

/** Reads until nothing more comes. */
async function readAll(stream: PassThrough): Promise<string> {
  let text = '';
  for (let turns = 0; turns < 5; turns++) {
    text += String(stream.read() ?? '');
    await new Promise(resolve => setImmediate(resolve));
  }
  return text;
}
