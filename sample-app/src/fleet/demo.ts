import { setTimeout as sleep } from 'node:timers/promises';
import { sendJson } from '../demo/http.js';
import { interrupted, Interruption } from '../launcher/interruption.js';
import { Launcher, type Service } from '../launcher/launcher.js';
import type { Figures } from '../upstreams/upstream.js';
import { Instances, type Look } from './instances.js';
import { DemoRedis } from './redis.js';

const probes = 6;
const env = {
  // Half a minute is long for somebody who watches.
  CIRCUIT_BREAKER_PAYMENT_GATEWAY_OPEN_DURATION: '2s',
  CIRCUIT_BREAKER_PAYMENT_GATEWAY_OPEN_JITTER: '0',
  CIRCUIT_BREAKER_PAYMENT_GATEWAY_HALF_OPEN_CALLS: String(probes),
};

const launcher = new Launcher('ignore');
let redis: DemoRedis | undefined;
try {
  process.exitCode = await Promise.race([demo(), interrupted()]);
} catch (error) {
  if (!(error instanceof Interruption)) console.error(error);
  process.exitCode = error instanceof Interruption ? error.exitCode : 1;
} finally {
  await launcher.stop();
  await redis?.kill();
}
process.exit();

async function demo(): Promise<number> {
  console.log(
    'Starting Redis, four upstreams and three instances of the shop …',
  );
  redis = await DemoRedis.start();
  const upstream = (name: string) =>
    launcher.launch(name, `upstreams/${name}.js`, { PORT: '0' });
  const [paymentGateway, inventory, recommendations, configuration] =
    await Promise.all([
      upstream('payment-gateway'),
      upstream('inventory'),
      upstream('recommendations'),
      upstream('configuration'),
    ]);
  const shop = { paymentGateway, inventory, recommendations, configuration };
  const names = ['shop-1', 'shop-2', 'shop-3'];
  const instances = await Instances.start(launcher, shop, names, {
    ...env,
    REDIS_URL: redis.url,
  });
  await instances.until(looks =>
    looks.every(({ shared }) => shared?.instances === names.length),
  );
  const serving = instances.serve(50);
  console.log(
    '\nAll is well: three instances share their circuits, twenty orders a second at each.',
  );
  await sleep(2_000);

  console.log('\nThe payment gateway breaks.');
  const broken = await turn(paymentGateway, 'fail');
  instances.print(await instances.until(are('open')), 'open', broken);

  console.log('\nIt is mended. Once the wait is over, the fleet probes it.');
  const mended = await turn(paymentGateway, 'ok');
  const closed = await instances.until(are('closed'));
  instances.print(closed, 'closed', mended);
  const verdict = closed[0]!.transitions.findLast(({ to }) => to === 'closed');
  const { calls, peak } = await figures(paymentGateway, 'GET');
  console.log(
    `  ${verdict?.reason}, of ${probes} that were permitted; with the orders since then the gateway has received ${calls} calls, ${peak} at once at most`,
  );

  console.log(
    '\nIt breaks again, and Redis is killed while the circuits are open.',
  );
  const again = await turn(paymentGateway, 'fail');
  instances.print(await instances.until(are('open')), 'open', again);
  await redis.kill();
  await instances.until(looks =>
    looks.every(({ shared }) => shared?.joined === false),
  );
  console.log(
    '  Redis is gone: each instance honours the open that it knows, then decides alone.',
  );
  const alone = await turn(paymentGateway, 'ok');
  instances.print(await instances.until(are('closed')), 'closed', alone);

  console.log('\nRedis comes back, empty.');
  const back = Date.now();
  await redis.start();
  await instances.until(looks =>
    looks.every(
      ({ shared }) => shared?.joined && shared.instances === names.length,
    ),
  );
  console.log(`  all share their circuits again after ${Date.now() - back} ms`);

  instances.close();
  await serving;
  const { orders, failed, slowestMs } = instances;
  console.log(
    `\n${orders} orders, ${failed} of them failed; the slowest took ${slowestMs.toFixed(0)} ms`,
  );
  return failed === 0 ? 0 : 1;
}

/** Sets how the gateway behaves from now on, and begins to count its calls anew. */
async function turn(gateway: Service, mode: 'ok' | 'fail'): Promise<number> {
  await sendJson('PUT', `${gateway.url}/switches`, { mode });
  await figures(gateway, 'DELETE');
  return Date.now();
}

async function figures(
  { url }: Service,
  method: 'GET' | 'DELETE',
): Promise<Figures> {
  const response = await fetch(`${url}/figures`, { method });
  return (await response.json()) as Figures;
}

function are(state: string): (looks: Look[]) => boolean {
  return looks => looks.every(look => look.state === state);
}
