import { setTimeout as sleep } from 'node:timers/promises';
import type { Shop } from '../launcher/shop.js';
import { type BulkheadEffect, places } from './bulkhead-effect.js';
import type { CacheEffect } from './cache-effect.js';
import type { CrowdFigures } from './crowd.js';
import { getJson } from './http.js';
import type { Outage } from './outage.js';

const expectedStates = ['closed', 'open', 'half-open', 'closed'];

/** Judges the demo by what HTTP showed: the circuit's states, each order charged once, and what cache and bulkhead changed. */
export async function verdict(
  shop: Shop,
  outage: Outage,
  { well, broken }: CacheEffect,
  { without, within }: BulkheadEffect,
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
    [
      well.calls + broken.calls < well.customers / 4 &&
        broken.answered === broken.customers,
      `cache: ${well.customers} product pages by ${callsOf(well)}; ${broken.answered} of ${broken.customers} answered while the service was out of order`,
    ],
    [
      within.peak <= places &&
        without.peak > places &&
        within.answered === within.customers,
      `bulkhead: ${within.customers} customers at once, ${within.peak} of them at the slow service (${without.peak} without it), and everybody answered`,
    ],
  ];
  return {
    isPassed: checks.every(([isMet]) => isMet),
    lines: checks.map(([isMet, text]) => `${isMet ? '✓' : '✗'} ${text}`),
  };
}

function callsOf({ calls }: CrowdFigures): string {
  return calls === 1 ? '1 call' : `${calls} calls`;
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
