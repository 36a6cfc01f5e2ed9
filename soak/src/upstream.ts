import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { LAST_MOOD, nextMood, type Mood } from './mood.js';
import { seededRandom } from './random.js';

/** What one dependency has received, and from how many nobody waited for an answer. */
export interface Received {
  requests: number;
  left: number;
}

/** What the parent tells it. */
export type UpstreamOrder = 'calm' | 'report';

/** A connection that nobody ends would be one more each time. */
const LONGEST_HANG_MS = 10_000;

const seed = Number(process.argv[2]);
const random = seededRandom(seed);
const received: Record<string, Received> = {};
const moods = new Map<string, Mood>();
const hanging = new Set<ServerResponse>();
let isCalm = false;

/** A dependency for each circuit: `/<circuit>/…`. */
const server = createServer((request, response) => {
  const name = decodeURIComponent(request.url?.split('/')[1] ?? '');
  const count = (received[name] ??= { requests: 0, left: 0 });
  count.requests++;
  let isAnswered = false;
  response.on('close', () => {
    hanging.delete(response);
    if (!isAnswered) count.left++;
  });
  const answer = (status: number) => {
    isAnswered = true;
    response.writeHead(status, { connection: 'close' }).end('answer');
  };
  const mood = moodOf(name);
  const fate = random();
  if (fate < mood.hangs) {
    hanging.add(response);
    setTimeout(() => response.destroy(), LONGEST_HANG_MS).unref();
  } else if (fate < mood.hangs + mood.cuts) {
    isAnswered = true;
    response.destroy();
  } else {
    const status = fate < mood.hangs + mood.cuts + mood.errors ? 500 : 200;
    setTimeout(() => {
      if (!response.destroyed) answer(status);
    }, random() * mood.delayMs);
  }
});
server.listen(0, '127.0.0.1', () => {
  process.send?.({ port: (server.address() as AddressInfo).port });
});

process.on('message', (order: UpstreamOrder) => {
  if (order === 'calm') {
    isCalm = true;
    for (const response of hanging) response.destroy();
  } else process.send?.({ received });
});
process.on('disconnect', () => process.exit());

function moodOf(name: string): Mood {
  if (isCalm) return LAST_MOOD;
  const mood = moods.get(name);
  if (mood !== undefined) return mood;
  const next = nextMood(random);
  moods.set(name, next.mood);
  setTimeout(() => moods.delete(name), next.lastsMs).unref();
  return next.mood;
}
