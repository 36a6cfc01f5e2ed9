import { setTimeout as sleep } from 'node:timers/promises';
import { getJson, sendJson } from '../demo/http.js';
import type { Launcher, Service } from '../launcher/launcher.js';
import type { Shop } from '../launcher/shop.js';

/** What `GET /admin/circuits/payment-gateway` answers, as far as the demo looks. */
export interface Look {
  state: string;
  transitions: { to: string; at: number; reason: string }[];
  shared: { joined: boolean; state: string; instances: number } | null;
}

/** Several instances of the shop, with customers at each. */
export class Instances {
  /** Orders that were not answered, or with an error of the shop's own. */
  failed = 0;
  orders = 0;
  slowestMs = 0;
  private isOpen = true;

  private constructor(private readonly services: readonly Service[]) {}

  static async start(
    launcher: Launcher,
    {
      paymentGateway,
      inventory,
      recommendations,
      configuration,
    }: Omit<Shop, 'app'>,
    names: readonly string[],
    env: Record<string, string>,
  ): Promise<Instances> {
    const services = names.map(name =>
      launcher.launch(name, 'fleet/main.js', {
        ...env,
        PORT: '0',
        PAYMENT_GATEWAY_URL: paymentGateway.url,
        INVENTORY_URL: inventory.url,
        RECOMMENDATIONS_URL: recommendations.url,
        CONFIGURATION_URL: configuration.url,
      }),
    );
    return new Instances(await Promise.all(services));
  }

  /** Customers order at every instance until {@link close}, and get their answers. */
  async serve(everyMs: number): Promise<void> {
    const waiting = new Set<Promise<void>>();
    while (this.isOpen) {
      for (const { url } of this.services) {
        const order = this.order(url).finally(() => waiting.delete(order));
        waiting.add(order);
      }
      await sleep(everyMs);
    }
    // Nobody is sent away when the shop closes.
    await Promise.all(waiting);
  }

  close(): void {
    this.isOpen = false;
  }

  looks(): Promise<Look[]> {
    return Promise.all(
      this.services.map(({ url }) =>
        getJson<Look>(`${url}/admin/circuits/payment-gateway`),
      ),
    );
  }

  /** @throws Error if it does not come within twenty seconds */
  async until(holds: (looks: Look[]) => boolean): Promise<Look[]> {
    for (const end = Date.now() + 20_000; Date.now() < end;) {
      const looks = await this.looks();
      if (holds(looks)) return looks;
      await sleep(50);
    }
    throw new Error('It did not come within twenty seconds');
  }

  /** Prints when each instance came into a state, counted from a moment. */
  print(looks: Look[], to: string, from: number): void {
    looks.forEach(({ transitions }, index) => {
      const at = transitions.findLast(each => each.to === to)?.at;
      const after = at === undefined ? 'never' : `after ${at - from} ms`;
      console.log(`  ${this.services[index]!.name}  ${to} ${after}`);
    });
  }

  private async order(url: string): Promise<void> {
    const began = performance.now();
    try {
      const response = await sendJson('POST', `${url}/orders`, {
        sku: 'teapot',
      });
      await response.arrayBuffer();
      if (!response.ok) this.failed++;
    } catch {
      this.failed++;
    }
    this.orders++;
    this.slowestMs = Math.max(this.slowestMs, performance.now() - began);
  }
}
