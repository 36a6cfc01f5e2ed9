import { randomUUID } from 'node:crypto';
import { interrupted, Interruption } from './interruption.js';
import { Launcher } from './launcher.js';
import { type Shop, startShop } from './shop.js';

const port = Number(process.env.PORT ?? 3000);
/** The link to the panel holds it: who has the link may break things. */
const token = randomUUID();
const launcher = new Launcher('inherit');
const interruption = interrupted();

try {
  const shop = await Promise.race([
    startShop(
      launcher,
      {
        app: port,
        paymentGateway: port + 1,
        inventory: port + 2,
        recommendations: port + 3,
        configuration: port + 4,
      },
      { OPERATOR_TOKEN: token, CUSTOMERS: process.env.CUSTOMERS ?? '10' },
    ),
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
  return `
The shop is open, with a few customers in it. Ctrl-C closes it.

  break things     ${app.url}/panel?token=${token}
  dashboard        ${app.url}/circuits/

Open both side by side, let the payment gateway fail, and see its circuit open.
The first link makes your browser the operator's: keep it to yourself.

  metrics          ${app.url}/metrics
  health           ${app.url}/health  /health/live  /health/ready
  traces           ${app.url}/traces
  circuits, JSON   ${app.url}/admin/circuits
  orders           ${app.url}/orders
  stock            ${app.url}/products/teapot/stock/berlin
${Object.values(upstreams)
  .map(({ name, url }) => `  ${name.padEnd(16)} ${url}/switches`)
  .join('\n')}

The same by hand: sample-app/README.md has the curl lines.
`;
}
