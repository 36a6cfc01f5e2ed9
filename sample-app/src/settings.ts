/** The port and where the upstreams are; the launcher says so. */
export const settings = {
  port: Number(process.env.PORT ?? 3000),
  /** Only this machine reaches the shop: it can be broken by a click. */
  host: process.env.HOST ?? '127.0.0.1',
  /** Who has it may break things; empty: nobody. */
  operatorToken: process.env.OPERATOR_TOKEN ?? '',
  /** How many orders a second customers send from the start on. */
  customers: Number(process.env.CUSTOMERS ?? 0),
  paymentGatewayUrl: process.env.PAYMENT_GATEWAY_URL ?? 'http://127.0.0.1:3001',
  inventoryUrl: process.env.INVENTORY_URL ?? 'http://127.0.0.1:3002',
  recommendationsUrl:
    process.env.RECOMMENDATIONS_URL ?? 'http://127.0.0.1:3003',
  configurationUrl: process.env.CONFIGURATION_URL ?? 'http://127.0.0.1:3004',
};
