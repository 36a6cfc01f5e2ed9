import { setTimeout as sleep } from 'node:timers/promises';
import { interrupted, Interruption } from '../launcher/interruption.js';
import { Launcher } from '../launcher/launcher.js';
import { startShop } from '../launcher/shop.js';
import { storm } from './bulkhead-effect.js';
import { viewProducts } from './cache-effect.js';
import { effectTable } from './effect-table.js';
import { Outage } from './outage.js';
import { Screen } from './screen.js';
import { verdict } from './verdict.js';

const timeLimitMs = 55_000;
const drawEveryMs = process.stdout.isTTY ? 200 : 1_000;

// Half a minute is long for somebody who watches.
const impatience = { CIRCUIT_BREAKER_PAYMENT_GATEWAY_OPEN_DURATION: '3s' };

const launcher = new Launcher('ignore');
try {
  process.exitCode = await Promise.race([demo(), interrupted(), timeLimit()]);
} catch (error) {
  if (!(error instanceof Interruption)) console.error(error);
  process.exitCode = error instanceof Interruption ? error.exitCode : 1;
} finally {
  await launcher.stop();
}
// What was under way when the demo was interrupted would go on without a shop.
process.exit();

async function demo(): Promise<number> {
  console.log('Starting five processes …');
  const anyPort = {
    app: 0,
    paymentGateway: 0,
    inventory: 0,
    recommendations: 0,
    configuration: 0,
  };
  const shop = await startShop(launcher, anyPort, impatience);
  for (const { name, pid, url } of Object.values(shop)) {
    console.log(`  ${name.padEnd(16)} ${url}  pid ${pid}`);
  }
  console.log();

  const outage = new Outage(shop);
  const screen = new Screen(outage.phases);
  const drawing = setInterval(() => screen.update(), drawEveryMs);
  await Promise.all([outage.run(), story(outage, screen)]);
  clearInterval(drawing);
  screen.finish();

  const cache = await viewProducts(shop);
  const bulkhead = await storm(shop);
  console.log(`\n${effectTable(cache, bulkhead).join('\n')}`);

  const { isPassed, lines } = await verdict(shop, outage, cache, bulkhead);
  console.log(`\n${lines.join('\n')}`);
  return isPassed ? 0 : 1;
}

async function story(outage: Outage, screen: Screen): Promise<void> {
  screen.say('All is well: orders are paid at once.');
  await sleep(3_000);

  await outage.turn('hang');
  screen.say(
    'The gateway hangs: orders wait a second for it, then their payment is queued.',
  );
  await outage.until('open');
  screen.say(
    'The circuit is open: payments are queued at once, the gateway is left alone.',
  );
  await outage.until('half-open');
  screen.say(
    'The wait is over: a few orders probe the gateway, the others need not wait.',
  );
  await outage.until('open');

  await outage.turn('ok');
  screen.say(
    'The gateway is mended, which the circuit finds out with its next probes.',
  );
  await outage.until('closed');
  screen.say(
    'The probes succeeded: the circuit is closed, the queued payments are made.',
  );
  await sleep(2_000);
  outage.end();
}

async function timeLimit(): Promise<never> {
  await sleep(timeLimitMs);
  throw new Error(`The demo took longer than ${timeLimitMs} ms`);
}
