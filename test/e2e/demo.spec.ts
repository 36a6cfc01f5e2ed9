import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { buildShop } from '../support/build-shop.js';
import { isAlive, ShopRun } from '../support/shop-run.js';

const demoFile = 'sample-app/dist/demo/demo.js';

let run: ShopRun;

beforeAll(() => {
  expect(buildShop()).toBe('');
}, 120_000);

afterEach(() => run.clearAway());

describe('npm run demo', () => {
  it('shows the circuit closed, open, half-open and closed again, and exits with 0', async () => {
    run = new ShopRun('npm', ['run', '--ignore-scripts', 'demo']);
    const exitCode = await run.exitCode();

    expect(run.output).toMatch(
      /✓ states seen: closed → open → half-open → .*closed/,
    );
    expect(run.output).toMatch(/✓ (\d+) orders, \1 charges/);
    expect(run.output).toMatch(
      /✓ cache: 200 product pages by \d{1,2} calls?; 200 of 200 answered/,
    );
    expect(run.output).toMatch(
      /✓ bulkhead: 60 customers at once, 10 of them at the slow service \([1-6]\d without it\)/,
    );
    expect(exitCode).toBe(0);
    expect(run.servicePids).toHaveLength(5);
    expect(await run.survivors()).toEqual([]);
  }, 90_000);

  it('exits with 1 when a state is not seen', async () => {
    run = new ShopRun('npm', ['run', '--ignore-scripts', 'demo'], {
      CIRCUIT_BREAKER_PAYMENT_GATEWAY_MODE: 'disabled',
    });

    expect(await run.exitCode()).toBe(1);
    expect(run.output).toContain('open was not seen');
    expect(await run.survivors()).toEqual([]);
  }, 60_000);

  it.each(['SIGINT', 'SIGTERM'] as const)(
    'leaves no process behind when npm gets a %s',
    async signal => {
      run = new ShopRun('npm', ['run', '--ignore-scripts', 'demo']);
      await run.printed('All is well');
      expect(run.servicePids.filter(isAlive)).toHaveLength(5);

      run.signal(signal);

      expect(await run.exitCode()).not.toBe(0);
      expect(await run.survivors()).toEqual([]);
    },
    60_000,
  );

  it('leaves no process behind when it is killed without a chance to clean up', async () => {
    run = new ShopRun(process.execPath, [demoFile]);
    await run.printed('All is well');
    expect(run.servicePids.filter(isAlive)).toHaveLength(5);

    run.signal('SIGKILL');

    await run.exitCode();
    expect(await run.survivors()).toEqual([]);
  }, 60_000);
});

describe('npm start', () => {
  it('opens the shop, prints where to look, and closes it when interrupted', async () => {
    const port = 10_000 + (process.pid % 1_500) * 8;
    run = new ShopRun('npm', ['run', '--ignore-scripts', 'start'], {
      PORT: String(port),
    });
    await run.printed('The shop is open');
    const urls = [0, 1, 2, 3, 4].map(i => `http://127.0.0.1:${port + i}`);
    for (const url of urls) expect(run.output).toContain(url);
    const order = await fetch(`${urls[0]}/orders`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ sku: 'teapot' }),
    });
    expect(await order.json()).toMatchObject({ payment: 'paid' });

    await followConfiguration(urls[0]!, urls[4]!);

    run.signal('SIGINT');

    expect(await run.exitCode()).toBe(130);
    for (const url of urls) await expect(fetch(url)).rejects.toThrow();
  }, 60_000);
});

/** Changes a circuit of the shop by its configuration server, with orders of three kinds. */
async function followConfiguration(
  shop: string,
  server: string,
): Promise<void> {
  const circuit = async () => {
    const response = await fetch(`${shop}/admin/circuits/stock`);
    return (await response.json()) as { mode: string; generation: number };
  };
  const tell = async (path: string, body: unknown) => {
    const response = await fetch(server + path, {
      method: 'PUT',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    expect(response.status).toBe(200);
  };
  const seen = async (mode: string) => {
    while ((await circuit()).mode !== mode) await sleep(100);
  };
  const { generation } = await circuit();

  await tell('/circuits', { stock: { mode: 'shadow' } });
  await seen('shadow');
  // A bad change is refused whole; silence changes nothing either.
  await tell('/circuits', { stock: { mode: 'disabled', openDuration: 'x' } });
  await sleep(1_500);
  expect((await circuit()).mode).toBe('shadow');
  await tell('/circuits', { stock: { mode: 'disabled' } });
  await tell('/switches', { mode: 'hang' });
  await sleep(1_500);
  const { mode } = await circuit();
  expect(['shadow', 'disabled']).toContain(mode);
  await tell('/switches', { mode: 'ok' });
  await seen('disabled');
  await tell('/circuits', {});
  await seen('enforced');
  expect((await circuit()).generation).toBe(generation);
}
