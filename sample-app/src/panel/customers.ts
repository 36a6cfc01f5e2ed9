import {
  type BeforeApplicationShutdown,
  Injectable,
  type OnApplicationBootstrap,
} from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { settings } from '../settings.js';

/** So that a crowd that was forgotten is no load for ever. */
const stayMs = 15 * 60_000;
const mostPerSecond = 20;
const mostAtOnce = 100;

const looks = [
  '/products/teapot/stock/berlin',
  '/products/teapot',
  '/products/teapot/stock/lyon',
  '/products/teapot',
];

/** What became of the orders so far. */
export interface OrderCounts {
  /** Paid at once. */
  paid: number;
  /** Accepted; the payment waits for the gateway. */
  queued: number;
  /** Answered 503 with `Retry-After`. */
  refused: number;
  /** Anything else. */
  failed: number;
}

/** What the panel shows of them. */
export interface CustomersView {
  perSecond: number;
  /** When they leave, in milliseconds since the epoch; `null` if nobody is there. */
  until: number | null;
  orders: OrderCounts;
}

/**
 * People at the shop's own door, who order and look around, so that a circuit
 * opens without anybody sending requests by hand.
 */
@Injectable()
export class Customers
  implements OnApplicationBootstrap, BeforeApplicationShutdown
{
  private readonly orders = { paid: 0, queued: 0, refused: 0, failed: 0 };
  private perSecond = 0;
  private until: number | null = null;
  private atOnce = 0;
  private visits = 0;
  private timer?: NodeJS.Timeout;

  constructor(private readonly adapterHost: HttpAdapterHost) {}

  onApplicationBootstrap() {
    this.come(settings.customers);
  }

  beforeApplicationShutdown() {
    this.come(0);
  }

  /** Has so many of them order each second, for a quarter of an hour; 0 sends all home. */
  come(perSecond: number): CustomersView {
    clearInterval(this.timer);
    this.perSecond = Math.min(Math.max(perSecond, 0), mostPerSecond);
    this.until = this.perSecond === 0 ? null : Date.now() + stayMs;
    if (this.until !== null) {
      const each = 1_000 / this.perSecond;
      this.timer = setInterval(() => this.tick(), each);
    }
    return this.view();
  }

  view(): CustomersView {
    const { perSecond, until, orders } = this;
    return { perSecond, until, orders: { ...orders } };
  }

  private tick() {
    if (Date.now() > this.until!) this.come(0);
    else if (this.atOnce < mostAtOnce) void this.visit();
  }

  private async visit(): Promise<void> {
    const shop = this.adapterHost.httpAdapter.getHttpServer().address();
    if (shop === null) return;
    const url = `http://127.0.0.1:${shop.port}`;
    const look = looks[this.visits++ % looks.length]!;
    this.atOnce++;
    const [end] = await Promise.all([order(url), get(url + look)]);
    this.atOnce--;
    this.orders[end]++;
  }
}

async function order(url: string): Promise<keyof OrderCounts> {
  try {
    const response = await fetch(`${url}/orders`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ sku: 'teapot' }),
    });
    const { payment } = (await response.json()) as { payment?: string };
    if (response.status === 503) return 'refused';
    return payment === 'paid' || payment === 'queued' ? payment : 'failed';
  } catch {
    return 'failed';
  }
}

async function get(url: string): Promise<void> {
  const response = await fetch(url).catch(() => undefined);
  await response?.arrayBuffer().catch(() => undefined);
}
