import { interrupted, Interruption } from './interruption.js';
import { Launcher } from './launcher.js';
import { type Shop, startShop } from './shop.js';

const port = Number(process.env.PORT ?? 3000);
const launcher = new Launcher('inherit');
const interruption = interrupted();

try {
  const shop = await Promise.race([
    startShop(launcher, {
      app: port,
      paymentGateway: port + 1,
      inventory: port + 2,
      recommendations: port + 3,
      configuration: port + 4,
    }),
    interruption,
  ]);
  console.log(whereToLook(shop));
  const lost = await Promise.race([launcher.firstLoss(), interruption]);
  throw new Error(`${lost} has ended`);
} catch (error) {
  if (!(error instanceof Interruption)) console.error(error);
  process.exitCode = error instanceof Interruption ? error.exitCode : 1;
} finally {
  await launcher.stop();
}

function whereToLook({ app, ...upstreams }: Shop): string {
  const gateway = upstreams.paymentGateway.url;
  const configuration = upstreams.configuration.url;
  return `
The shop is open. Ctrl-C closes it.

  circuits         ${app.url}/admin/circuits
  health           ${app.url}/health/live  and  /health/ready
  metrics          ${app.url}/metrics
  stock            ${app.url}/products/teapot/stock/berlin
${Object.values(upstreams)
  .map(({ name, url }) => `  ${name.padEnd(16)} ${url}/switches`)
  .join('\n')}

Order something, break the payment gateway, order again and again, look, mend it:

  curl -X POST ${app.url}/orders -H 'content-type: application/json' -d '{"sku":"teapot"}'
  curl -X PUT ${gateway}/switches -H 'content-type: application/json' -d '{"mode":"hang"}'
  curl ${app.url}/admin/circuits/payment-gateway
  curl -X PUT ${gateway}/switches -H 'content-type: application/json' -d '{"mode":"ok"}'

Change a circuit while it runs:

  curl -X PUT ${configuration}/circuits -H 'content-type: application/json' -d '{"payment-gateway":{"openDuration":"5s"}}'
`;
}
