/** What a shop asks its payment gateway for; a test says what the gateway does. */
export type Charge = (orderId: string) => Promise<string>;

/** The shop's way to its payments, before and after it changed its circuit breaker. */
export interface Payments {
  /** Charges the order, with whatever stands around the call. */
  pay(orderId: string): Promise<string>;
  /** `'closed'`, `'open'` or `'half-open'`. */
  state(): string;
}

/** An HTTP error, as most clients throw it. */
export class StatusError extends Error {
  constructor(readonly status: number) {
    super(`HTTP ${status}`);
  }
}

/** The results of calls that have been made one after the other. */
export async function callTimes(
  times: number,
  call: (index: number) => Promise<unknown>,
): Promise<unknown[]> {
  const results: unknown[] = [];
  for (let index = 0; index < times; index++) {
    results.push(await call(index).catch((error: unknown) => error));
  }
  return results;
}
