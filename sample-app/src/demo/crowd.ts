import { performance } from 'node:perf_hooks';
import type { Service } from '../launcher/launcher.js';
import type { Figures, Switches } from '../upstreams/upstream.js';
import { getJson, sendJson } from './http.js';

/** What a crowd of customers got, and what it cost a service behind the shop. */
export interface CrowdFigures extends Figures {
  customers: number;
  answered: number;
  /** Answers in milliseconds, the quickest first. */
  durations: number[];
}

/** Has customers ask for one page, so many at once, and counts what comes of it. */
export async function crowd(
  customers: number,
  atOnce: number,
  url: string,
  behind: Service,
): Promise<CrowdFigures> {
  await fetch(`${behind.url}/figures`, { method: 'DELETE' });
  const durations: number[] = [];
  let left = customers;
  let answered = 0;
  const customer = async () => {
    while (left-- > 0) {
      const askedAt = performance.now();
      const response = await fetch(url);
      await response.arrayBuffer();
      durations.push(performance.now() - askedAt);
      if (response.ok) answered++;
    }
  };
  await Promise.all(Array.from({ length: atOnce }, customer));
  const figures = await getJson<Figures>(`${behind.url}/figures`);
  durations.sort((a, b) => a - b);
  return { ...figures, customers, answered, durations };
}

/** Turns a service's switches. */
export async function turn(
  service: Service,
  switches: Switches,
): Promise<void> {
  await sendJson('PUT', `${service.url}/switches`, switches);
}
