import type { Launcher, Service } from './launcher.js';

/** The whole shop: three upstreams, a configuration server, and the Nest application that calls them. */
export interface Shop {
  app: Service;
  paymentGateway: Service;
  inventory: Service;
  recommendations: Service;
  configuration: Service;
}

/** The ports to listen on; 0 is any free one. */
export type Ports = Record<keyof Shop, number>;

/** Starts the upstreams at once and, when they listen, the application. */
export async function startShop(
  launcher: Launcher,
  ports: Ports,
  env: Record<string, string> = {},
): Promise<Shop> {
  const upstream = (name: string, port: number) =>
    launcher.launch(name, `upstreams/${name}.js`, { PORT: String(port) });
  const [paymentGateway, inventory, recommendations, configuration] =
    await Promise.all([
      upstream('payment-gateway', ports.paymentGateway),
      upstream('inventory', ports.inventory),
      upstream('recommendations', ports.recommendations),
      upstream('configuration', ports.configuration),
    ]);
  const app = await launcher.launch('shop', 'main.js', {
    ...env,
    PORT: String(ports.app),
    PAYMENT_GATEWAY_URL: paymentGateway.url,
    INVENTORY_URL: inventory.url,
    RECOMMENDATIONS_URL: recommendations.url,
    CONFIGURATION_URL: configuration.url,
  });
  return { app, paymentGateway, inventory, recommendations, configuration };
}
