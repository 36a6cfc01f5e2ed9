import { setTimeout as sleep } from 'node:timers/promises';
import type { Shop } from '../launcher/shop.js';
import { getJson } from './http.js';
import type { Outage } from './outage.js';

const expectedStates = ['closed', 'open', 'half-open', 'closed'];

/** Judges the demo by what HTTP showed: the circuit's states, and each order charged once. */
export async function verdict(
  shop: Shop,
  outage: Outage,
): Promise<{ isPassed: boolean; lines: string[] }> {
  const accepted = await ordersWithoutQueue(shop);
  const gateway = await getJson<{ charges: number; repeated: number }>(
    `${shop.paymentGateway.url}/charges`,
  );
  const checks: [boolean, string][] = [
    [
      isSubsequence(expectedStates, outage.statesSeen),
      `states seen: ${outage.statesSeen.join(' → ')}`,
    ],
    [
      gateway.charges === accepted,
      `${accepted} orders, ${gateway.charges} charges: each once, ${gateway.repeated} repeated requests were recognised by their key`,
    ],
  ];
  return {
    isPassed: checks.every(([isMet]) => isMet),
    lines: checks.map(([isMet, text]) => `${isMet ? '✓' : '✗'} ${text}`),
  };
}

/** Waits until no payment is queued any more. */
async function ordersWithoutQueue(shop: Shop): Promise<number> {
  for (;;) {
    const { orders, queued } = await getJson<{
      orders: number;
      queued: number;
    }>(`${shop.app.url}/orders`);
    if (queued === 0) return orders;
    await sleep(100);
  }
}

/** Whether `wanted` comes in `seen` in its order, with whatever between. */
function isSubsequence(wanted: string[], seen: string[]): boolean {
  let next = 0;
  for (const state of seen) if (state === wanted[next]) next++;
  return next === wanted.length;
}
