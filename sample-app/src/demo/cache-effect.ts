import { setTimeout as sleep } from 'node:timers/promises';
import type { Shop } from '../launcher/shop.js';
import { crowd, turn, type CrowdFigures } from './crowd.js';

const views = 200;
const atOnce = 10;

export interface CacheEffect {
  well: CrowdFigures;
  broken: CrowdFigures;
}

/** Product pages, with their service well and then out of order. */
export async function viewProducts(shop: Shop): Promise<CacheEffect> {
  const { app, inventory } = shop;
  const view = () =>
    crowd(views, atOnce, `${app.url}/products/teapot`, inventory);
  const well = await view();
  await turn(inventory, { mode: 'fail', path: '/products' });
  // Until what is in the cache is no longer fresh.
  await sleep(1_100);
  const broken = await view();
  await turn(inventory, { mode: 'ok' });
  return { well, broken };
}
