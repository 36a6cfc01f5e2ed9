// Writes the pictures of the dashboard that the docs show: npm run docs:screenshots
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { findChromium, launchChromium } from '../test/browser/chromium.mjs';

/** Long enough that the charts have something to show. */
const WAIT_MS = Number(process.env['SCREENSHOTS_AFTER_MS'] ?? 84_000);
const DIRECTORY = 'docs/images';

const PICTURES = [
  { name: 'dashboard-light', width: 1180, height: 900, colorScheme: 'light' },
  { name: 'dashboard-dark', width: 1180, height: 900, colorScheme: 'dark' },
  {
    name: 'dashboard-details',
    width: 1180,
    height: 1120,
    colorScheme: 'light',
    open: 'payment-gateway',
  },
  {
    name: 'dashboard-action',
    width: 1180,
    height: 900,
    colorScheme: 'dark',
    open: 'payment-gateway',
    ask: 'Force closed…',
  },
  {
    name: 'dashboard-phone',
    width: 390,
    height: 844,
    colorScheme: 'dark',
    phone: true,
  },
];

if (!findChromium()) {
  console.error(
    'The pictures need Debian’s chromium: apt-get install chromium',
  );
  process.exit(1);
}
mkdirSync(DIRECTORY, { recursive: true });
const app = fork(
  fileURLToPath(new URL('docs-screenshots-app.mjs', import.meta.url)),
);
const [{ port }] = await once(app, 'message');
console.log(`The shop runs; pictures in ${WAIT_MS / 1_000} s.`);
await sleep(WAIT_MS);
for (const {
  name,
  width,
  height,
  colorScheme,
  open,
  ask,
  phone = false,
} of PICTURES) {
  const context = await launchChromium({
    viewport: { width, height },
    colorScheme,
    deviceScaleFactor: 2,
    isMobile: phone,
    hasTouch: phone,
  });
  const page = await context.newPage();
  page.on('console', message => console.log(`${name}: ${message.text()}`));
  await page.goto(`http://127.0.0.1:${port}/circuits/`);
  await page.locator('.circuit').first().waitFor();
  if (open !== undefined)
    await page.getByRole('button', { name: open }).click();
  if (ask !== undefined) {
    await page.getByRole('button', { name: ask }).click();
    await page
      .getByLabel(/Reason/)
      .fill('Provider confirms the incident is over');
  }
  await sleep(1_600);
  await page.screenshot({ path: `${DIRECTORY}/${name}.png` });
  await context.close();
}
app.disconnect();
