/** How an order ended for the customer. */
export type OrderEnd = 'paid' | 'queued' | 'failed';

/** A stretch of the demo in which neither the gateway's switch nor the circuit's state changed. */
export class Phase {
  sent = 0;
  readonly ends: Record<OrderEnd, number> = { paid: 0, queued: 0, failed: 0 };
  private readonly durations: number[] = [];

  constructor(
    readonly startedAt: number,
    readonly gateway: string,
    readonly circuit: string,
  ) {}

  record(end: OrderEnd, durationMs: number): void {
    this.ends[end]++;
    this.durations.push(durationMs);
  }

  /** The duration that the share `q` of the orders stayed within, in ms; undefined before the first answer. */
  quantile(q: number): number | undefined {
    const sorted = this.durations.toSorted((a, b) => a - b);
    return sorted[Math.ceil(q * sorted.length) - 1];
  }
}
