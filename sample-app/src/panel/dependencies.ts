import { BadRequestException, Injectable } from '@nestjs/common';
import { settings } from '../settings.js';
import type { Switches } from '../upstreams/upstream.js';

/** A service behind the shop, and what people should know of it. */
interface Dependency {
  name: string;
  url: string;
  /** What it is asked for. */
  does: string;
  /** What callers get while it is out of order. */
  without: string;
  /** The circuits that watch it. */
  circuits: string[];
}

const dependencies: Dependency[] = [
  {
    name: 'payment-gateway',
    url: settings.paymentGatewayUrl,
    does: 'Charges each order.',
    without: 'Orders are taken; their payment is queued.',
    circuits: ['payment-gateway'],
  },
  {
    name: 'inventory',
    url: settings.inventoryUrl,
    does: 'Reserves products, tells the stock, describes them.',
    without:
      'Orders are refused with a 503, the stock is "unknown", descriptions are old ones.',
    circuits: ['inventory', 'stock', 'catalogue'],
  },
  {
    name: 'recommendations',
    url: settings.recommendationsUrl,
    does: 'Knows what others bought as well.',
    without: 'The bestsellers stand in.',
    circuits: ['recommendations'],
  },
  {
    name: 'configuration',
    url: settings.configurationUrl,
    does: 'Tells the circuits their options.',
    without: 'The circuits keep those that they have.',
    circuits: [],
  },
];

/** What the panel shows of a dependency. */
export type DependencyView = Omit<Dependency, 'url'> & {
  /** `null` if it does not answer even that. */
  mode: Switches['mode'] | null;
};

/** The services behind the shop, by the switches that break them. */
@Injectable()
export class Dependencies {
  view(): Promise<DependencyView[]> {
    return Promise.all(
      dependencies.map(async ({ url, ...dependency }) => {
        const switches = await this.switches(url).catch(() => null);
        return { ...dependency, mode: switches?.mode ?? null };
      }),
    );
  }

  /** Breaks or mends one. @throws BadRequestException if there is no such dependency or mode */
  async turn(name: string, { mode, delay }: Partial<Switches>): Promise<void> {
    const dependency = dependencies.find(each => each.name === name);
    if (!dependency) throw new BadRequestException(`No dependency '${name}'`);
    const response = await this.call(dependency.url, {
      method: 'PUT',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ mode, delay }),
    });
    if (!response.ok) throw new BadRequestException(await response.json());
  }

  private async switches(url: string): Promise<Switches> {
    const response = await this.call(url);
    return (await response.json()) as Switches;
  }

  private call(url: string, init?: RequestInit): Promise<Response> {
    const signal = AbortSignal.timeout(1_000);
    return fetch(`${url}/switches`, { ...init, signal });
  }
}
