// Writes the pictures that the docs show: npm run docs:screenshots
// The dashboard's are of a shop whose charts have something to show; the panel's is
// of the sample shop, as `npm start` opens it.
import { fork, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { findChromium, launchChromium } from '../test/browser/chromium.mjs';

/** Long enough that the charts have something to show. */
const WAIT_MS = Number(process.env['SCREENSHOTS_AFTER_MS'] ?? 240_000);
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
  { env: { ...process.env, PICTURES_AT: String(WAIT_MS / 1_000) } },
);
const [{ port }] = await once(app, 'message');
const started = performance.now();
console.log(`The shop runs; pictures in ${WAIT_MS / 1_000} s.`);
await panelPicture();
await sleep(WAIT_MS - (performance.now() - started));
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

/** The sample shop's panel, its payment gateway broken. */
async function panelPicture() {
  const nest = 'node_modules/@nestjs/cli/bin/nest.js';
  spawnSync(process.execPath, [nest, 'build', 'sample-app'], {
    stdio: 'inherit',
  });
  const shop = spawn(process.execPath, ['sample-app/dist/launcher/start.js'], {
    env: { ...process.env, PORT: String(20_000 + (process.pid % 20_000)) },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  shop.stdout.on('data', chunk => (output += chunk));
  let link;
  while (
    (link = /http:\S+\/panel\?token=\S+/.exec(output)?.[0]) === undefined
  ) {
    if (shop.exitCode !== null) throw new Error(`No shop:\n${output}`);
    await sleep(100);
  }
  const context = await launchChromium({
    viewport: { width: 860, height: 880 },
    colorScheme: 'light',
    deviceScaleFactor: 2,
  });
  const page = await context.newPage();
  await page.goto(link);
  await sleep(8_000);
  await page
    .locator('#dependency-payment-gateway')
    .getByRole('button', { name: 'Fails' })
    .click();
  await page.locator('.badge.is-open').waitFor();
  await sleep(3_000);
  // The focus is where the click was.
  await page.mouse.move(0, 0);
  await page.screenshot({ path: `${DIRECTORY}/panel.png` });
  await context.close();
  shop.kill('SIGINT');
  await once(shop, 'exit');
}
