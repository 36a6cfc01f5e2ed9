import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { afterAll, beforeAll, expect, it, jest } from '@jest/globals';
import type { BrowserContext, Locator, Page } from 'playwright-core';
import { buildShop } from '../support/build-shop.js';
import { MetricsPage } from '../support/metrics-page.js';
import { ShopRun } from '../support/shop-run.js';
import { launchChromium } from './chromium.mjs';
import { describeInChromium } from './describe-in-chromium.js';

jest.setTimeout(60_000);

const NAME = 'payment-gateway';
const axe = readFileSync(
  createRequire(import.meta.url).resolve('axe-core/axe.min.js'),
  'utf8',
);

/** The shop as `npm start` opens it, looked at by somebody who breaks it. */
describeInChromium('the sample shop', () => {
  const url = `http://127.0.0.1:${10_000 + (process.pid % 1_500) * 8}`;
  let shop: ShopRun;
  let browser: BrowserContext;
  let panel: Page;
  let dashboard: Page;
  const complaints: string[] = [];

  beforeAll(async () => {
    // Without dist/: `npm run build` comes first.
    expect(buildShop()).toBe('');
    shop = new ShopRun('npm', ['run', '--ignore-scripts', 'start'], {
      PORT: new URL(url).port,
      NO_COLOR: '1',
      // Half a minute is long for a test.
      CIRCUIT_BREAKER_PAYMENT_GATEWAY_OPEN_DURATION: '8s',
    });
    await shop.printed('The shop is open');
    browser = await launchChromium({ viewport: { width: 1180, height: 900 } });
    panel = await open('/panel');
    dashboard = await open('/circuits/');
    await dashboard.getByText('Live', { exact: true }).waitFor();
  }, 180_000);

  afterAll(async () => {
    await browser?.close();
    shop?.signal('SIGINT');
    await shop?.exitCode();
    shop?.clearAway();
  });

  async function open(path: string): Promise<Page> {
    const page = await browser.newPage();
    page.on('pageerror', error => complaints.push(String(error)));
    page.on('console', message => {
      if (message.type() === 'error') complaints.push(message.text());
    });
    await page.goto(url + path);
    return page;
  }

  function card(dependency: string): Locator {
    return panel.locator(`#dependency-${dependency}`);
  }

  function trouble(): Locator {
    return dashboard.locator('#trouble .circuit').filter({ hasText: NAME });
  }

  async function metric(name: string, labels = {}): Promise<number> {
    const page = await MetricsPage.at(`${url}/metrics`);
    return page.value(name, { name: NAME, ...labels }) ?? Number.NaN;
  }

  function reservations(): Promise<number> {
    return metric('circuit_breaker_calls_total', {
      ...SUCCESS,
      name: 'inventory',
    });
  }

  it('lets nobody break it who has not the link of this start', async () => {
    await panel.getByText('You may look.').waitFor();
    await card(NAME).waitFor();
    expect(
      await card(NAME).getByRole('button', { name: 'Fails' }).isDisabled(),
    ).toBe(true);
    const refused = await fetch(`${url}/panel/dependencies/${NAME}`, {
      method: 'PUT',
      headers: {
        'content-type': 'application/json',
        cookie: 'operator=guessed',
      },
      body: '{"mode":"fail"}',
    });
    expect(refused.status).toBe(403);
    expect((await fetch(`${url}/panel?token=guessed`)).status).toBe(403);
    const action = await fetch(`${url}/circuits/api/actions`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        'x-circuit-breaker-action': 'test',
      },
      body: JSON.stringify({ type: 'force-open', name: NAME, reason: 'no' }),
    });
    expect(action.status).toBe(403);
    const { state } = await answer<{ state: string }>(
      `${url}/admin/circuits/${NAME}`,
    );
    expect(state).toBe('closed');
  });

  it('has customers whose orders are paid', async () => {
    const link = /http:\S+\/panel\?token=\S+/.exec(shop.output)?.[0];
    await panel.goto(link!);
    expect(panel.url()).toBe(`${url}/panel`);
    await panel.locator('#rights').waitFor({ state: 'hidden' });
    await expectText(panel.locator('#orders'), /paid\s*([4-9]|1\d)/);
    expect(await metric('circuit_breaker_state')).toBe(0);
  });

  it('opens a circuit within seconds, and answers the five questions in three places', async () => {
    // Enough calls that a few failures are not at once a tenth of them.
    while ((await metric('circuit_breaker_calls_total', SUCCESS)) < 50) {
      await dashboard.waitForTimeout(200);
    }
    const brokenAt = Date.now();
    await card(NAME).getByRole('button', { name: 'Fails' }).click();
    await trouble().waitFor({ timeout: 10_000 });
    await expectText(trouble(), /\d+ answers from a fallback/);
    const openAfter = Date.now() - brokenAt;

    const text = await trouble().innerText();
    const lookedAt = Date.now();
    const now = await MetricsPage.at(`${url}/metrics`);
    const line = lineWith(shop, `Circuit "${NAME}" is open because`);

    // Which one.
    const opened = now
      .all('circuit_breaker_state')
      .filter(({ value }) => value === 1)
      .map(({ labels }) => labels['name']);
    expect(opened).toEqual([NAME]);
    expect(text).toMatch(/Open\s+payment-gateway/);
    expect(await dashboard.locator('#trouble .circuit').count()).toBe(1);

    // Since when.
    const since = 1_000 * (await metric(SINCE));
    expect(since).toBeGreaterThanOrEqual(brokenAt);
    expect(since).toBeLessThanOrEqual(brokenAt + openAfter);
    const clock = new Date(since).toLocaleTimeString('en-GB');
    expect(text).toMatch(new RegExp(`Since\\s+${clock}`));
    expect(Math.abs(timeOf(line) - since)).toBeLessThan(1_500);

    // Why.
    const why = /because (.+?); the next probe/.exec(line)?.[1];
    expect(why).toMatch(/^\d+ of \d+ calls failed \(\d+(\.\d)? %/);
    expect(text).toContain(why);
    expect(text).toContain('Request failed with status code 500');
    expect(line).toContain('Request failed with status code 500');
    expect(
      now
        .all('circuit_breaker_opened_by', { name: NAME })
        .filter(({ value }) => value === 1)
        .map(({ labels }) => labels['rule']),
    ).toEqual(['failureRateThreshold']);

    // What callers get: every order is taken, and its payment queued.
    expect(text).toMatch(/\d+ answers from a fallback, no errors/);
    expect(line).toContain('Callers are refused now or get their fallback');
    const fallbacks = now.value('circuit_breaker_fallbacks_total', {
      name: NAME,
    })!;
    const failures = now.value('circuit_breaker_calls_total', {
      name: NAME,
      result: 'failure',
    })!;
    const refused = now.value('circuit_breaker_calls_total', {
      name: NAME,
      result: 'rejected',
    })!;
    expect(refused).toBeGreaterThan(0);
    expect(fallbacks).toBe(failures + refused);
    await expectText(panel.locator('#orders'), /queued\s*[1-9]/);
    await expectText(panel.locator('#orders'), /refused\s*0/);

    // When it tries again.
    const next = 1_000 * (await metric(NEXT_PROBE));
    const toldByLine = Number(/may pass in ([\d.]+) s/.exec(line)?.[1]);
    expect(Math.abs(since + 1_000 * toldByLine - next)).toBeLessThan(100);
    const [, minutes, seconds] = /(\d+):(\d\d)$/m.exec(text)!.map(Number);
    const shown = lookedAt + 1_000 * (60 * minutes! + seconds!);
    expect(Math.abs(shown - next)).toBeLessThan(2_000);

    await card(NAME).getByRole('button', { name: 'Works' }).click();
    await dashboard.locator('#calm').waitFor({ timeout: 20_000 });
    const halfOpen = lineWith(shop, `Circuit "${NAME}" is half-open`);
    expect(timeOf(halfOpen)).toBeGreaterThan(next - 1_000);
    expect(timeOf(halfOpen)).toBeLessThan(next + 4_000);
    lineWith(shop, `Circuit "${NAME}" is closed`);
    expect(await metric('circuit_breaker_state')).toBe(0);
    expect(await metric(NEXT_PROBE)).toBe(0);
    await expectText(panel.locator('#orders'), /paid\s*[1-9]/);
    console.info(
      `the circuit was seen open ${openAfter} ms after the click that broke the gateway`,
    );
  });

  it('tells the trace of an order what the circuit did to it', async () => {
    const traces = await answer<{ events: Record<string, unknown>[] }[]>(
      `${url}/traces`,
    );
    const events = traces.flatMap(trace => trace.events);
    for (const name of ['transition', 'rejected', 'fallback']) {
      expect(events).toContainEqual(
        expect.objectContaining({
          name: `circuit_breaker.${name}`,
          'circuit_breaker.name': NAME,
        }),
      );
    }
  });

  it('opens the circuits of what is slow and of what hangs', async () => {
    const turn = (dependency: string, mode: string) =>
      card(dependency).getByRole('button', { name: mode }).click();
    await turn('recommendations', 'Slow');
    await expectText(card('recommendations'), /is open because/, 15_000);
    await turn('recommendations', 'Works');

    expect((await fetch(`${url}/health/ready`)).status).toBe(200);
    await turn('inventory', 'Hangs');
    await expectText(
      card('inventory'),
      /open inventory: "inventory" is open because/,
      15_000,
    );
    await expectText(panel.locator('#orders'), /refused\s*[1-9]/);
    // The one circuit that is critical.
    expect((await fetch(`${url}/health/ready`)).status).toBe(503);
    expect((await fetch(`${url}/health/live`)).status).toBe(200);
    await turn('inventory', 'Works');
    await expectText(panel.locator('#orders'), /refused\s*0/, 20_000);
  });

  it('lets the operator force a circuit open on the dashboard', async () => {
    await dashboard
      .getByRole('button', { name: 'recommendations', exact: true })
      .click();
    await dashboard
      .locator('.details:visible')
      .getByRole('button', { name: 'Force open…' })
      .click();
    await dashboard.getByLabel(/^Reason/).fill('just to see');
    await dashboard.locator('#action-confirm').click();
    await dashboard.locator('#trouble .badge-forced-open').first().waitFor();
    await expectText(card('recommendations'), /forced-open/);
    lineWith(
      shop,
      'operator asked to force-open "recommendations". Reason: just to see',
    );
  });

  it('sends the customers home', async () => {
    await panel.getByRole('button', { name: 'None' }).click();
    await expectText(panel.locator('#customers-state'), /Nobody/);
    const calls = await reservations();
    await panel.waitForTimeout(1_500);
    const later = await reservations();
    // Those who were in it are still served.
    expect(later - calls).toBeLessThan(5);
    const { perSecond } = await answer<{ perSecond: number }>(
      `${url}/panel/customers`,
      {
        method: 'PUT',
        headers: {
          'content-type': 'application/json',
          cookie: await cookieOf(browser, url),
        },
        body: '{"perSecond":100000}',
      },
    );
    expect(perSecond).toBe(20);
  });

  it.each([
    { scheme: 'light', width: 1180 },
    { scheme: 'dark', width: 360 },
  ] as const)(
    'has a panel in which axe finds no violation: $scheme, $width px',
    async ({ scheme, width }) => {
      await panel.emulateMedia({ colorScheme: scheme });
      await panel.setViewportSize({ width, height: 800 });
      await panel.evaluate(axe);
      const { violations } = await panel.evaluate<{
        violations: { id: string }[];
      }>('axe.run()');
      expect(violations).toEqual([]);
      const overflow = await panel.evaluate(
        'document.documentElement.scrollWidth - innerWidth',
      );
      expect(overflow).toBeLessThanOrEqual(0);
      expect(complaints).toEqual([]);
    },
  );
});

const SUCCESS = { result: 'success' };
const SINCE = 'circuit_breaker_state_since_timestamp_seconds';
const NEXT_PROBE = 'circuit_breaker_next_probe_timestamp_seconds';

/** The last line of the shop's log that has a text. */
function lineWith({ output }: ShopRun, text: string): string {
  const line = output.split('\n').findLast(each => each.includes(text));
  expect(line).toBeDefined();
  return line!;
}

/** When Nest's logger wrote a line, to the second. */
function timeOf(line: string): number {
  return Date.parse(/ - (.+?[AP]M) /.exec(line)?.[1] ?? '');
}

async function answer<T>(url: string, init?: RequestInit): Promise<T> {
  return (await (await fetch(url, init)).json()) as T;
}

async function cookieOf(browser: BrowserContext, url: string): Promise<string> {
  const cookies = await browser.cookies(url);
  return cookies.map(({ name, value }) => `${name}=${value}`).join('; ');
}

async function expectText(
  locator: Locator,
  expected: RegExp,
  timeout = 6_000,
): Promise<void> {
  await locator.filter({ hasText: expected }).waitFor({ timeout });
}
