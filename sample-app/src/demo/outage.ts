import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Shop } from '../launcher/shop.js';
import type { Switches } from '../upstreams/upstream.js';
import { getJson, sendJson } from './http.js';
import { type OrderEnd, Phase } from './phase.js';

const ordersPerSecond = 20;
const lookEveryMs = 25;
const patienceMs = 12_000;

/** Customers who order all the time, somebody who breaks the gateway, and an eye on the circuit. */
export class Outage {
  /** What happened, phase by phase; the last one is now. */
  readonly phases: Phase[] = [];
  private startedAt = 0;
  private gateway: Switches['mode'] = 'ok';
  private circuit = 'unknown';
  private ended = false;
  private readonly unanswered = new Set<Promise<void>>();

  constructor(private readonly shop: Shop) {}

  /** The circuit's states as HTTP showed them, without repetitions. */
  get statesSeen(): string[] {
    const states = this.phases.map(phase => phase.circuit);
    return states.filter((state, i) => state !== states[i - 1]);
  }

  /** Looks and orders until `end` is called. */
  async run(): Promise<void> {
    // The first order of a process is slow for reasons of its own.
    await this.buy();
    this.startedAt = performance.now();
    await this.look();
    await Promise.all([this.keepLooking(), this.keepOrdering()]);
    await Promise.all(this.unanswered);
  }

  end(): void {
    this.ended = true;
  }

  /** Turns the payment gateway's switch. */
  async turn(mode: Switches['mode']): Promise<void> {
    await sendJson('PUT', `${this.shop.paymentGateway.url}/switches`, { mode });
    this.gateway = mode;
    this.turnPage();
  }

  /**
   * Waits until the circuit is seen in a state.
   *
   * @throws Error if that takes too long
   */
  async until(state: string): Promise<void> {
    const patience = AbortSignal.timeout(patienceMs);
    while (this.circuit !== state) {
      if (patience.aborted) {
        throw new Error(
          `The circuit is ${this.circuit}; ${state} was not seen within ${patienceMs} ms`,
        );
      }
      await sleep(lookEveryMs);
    }
  }

  private async look(): Promise<void> {
    const { state } = await getJson<{ state: string }>(
      `${this.shop.app.url}/admin/circuits/payment-gateway`,
    );
    if (state === this.circuit) return;
    this.circuit = state;
    this.turnPage();
  }

  private turnPage(): void {
    const now = performance.now() - this.startedAt;
    this.phases.push(new Phase(now, this.gateway, this.circuit));
  }

  private async keepLooking(): Promise<void> {
    while (!this.ended) {
      await this.look();
      await sleep(lookEveryMs);
    }
  }

  private async keepOrdering(): Promise<void> {
    while (!this.ended) {
      const order = this.order(this.phases.at(-1)!).finally(() =>
        this.unanswered.delete(order),
      );
      this.unanswered.add(order);
      await sleep(1_000 / ordersPerSecond);
    }
  }

  private async order(phase: Phase): Promise<void> {
    phase.sent++;
    const sentAt = performance.now();
    const end = await this.buy();
    phase.record(end, performance.now() - sentAt);
  }

  private async buy(): Promise<OrderEnd> {
    try {
      const url = `${this.shop.app.url}/orders`;
      const response = await sendJson('POST', url, { sku: 'teapot' });
      const { payment } = (await response.json()) as { payment?: OrderEnd };
      return payment ?? 'failed';
    } catch {
      return 'failed';
    }
  }
}
