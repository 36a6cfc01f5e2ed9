/** The port and where the upstreams are; the launcher says so. */
export const settings = {
  port: Number(process.env.PORT ?? 3000),
  paymentGatewayUrl: process.env.PAYMENT_GATEWAY_URL ?? 'http://127.0.0.1:3001',
  inventoryUrl: process.env.INVENTORY_URL ?? 'http://127.0.0.1:3002',
  recommendationsUrl:
    process.env.RECOMMENDATIONS_URL ?? 'http://127.0.0.1:3003',
  configurationUrl: process.env.CONFIGURATION_URL ?? 'http://127.0.0.1:3004',
};
