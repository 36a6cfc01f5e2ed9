import type { Shop } from '../launcher/shop.js';
import { crowd, turn, type CrowdFigures } from './crowd.js';
import { sendJson } from './http.js';

const customers = 60;
export const places = 10;

export interface BulkheadEffect {
  without: CrowdFigures;
  within: CrowdFigures;
}

/** A crowd that comes at once while recommendations are slow, without a bulkhead and with it. */
export async function storm(shop: Shop): Promise<BulkheadEffect> {
  const { app, recommendations } = shop;
  const url = `${app.url}/recommendations/teapot`;
  const circuit = `${app.url}/admin/circuits/recommendations`;
  const come = async (bulkhead: unknown) => {
    // It is the bulkhead alone that is looked at here.
    const patch = { bulkhead, slowCallDuration: false };
    await sendJson('PATCH', circuit, patch);
    return crowd(customers, customers, url, recommendations);
  };
  await turn(recommendations, { mode: 'slow', delay: 200 });
  const without = await come(false);
  const within = await come({
    maxConcurrent: places,
    maxQueue: places,
    maxWait: '300ms',
  });
  await turn(recommendations, { mode: 'ok' });
  return { without, within };
}
