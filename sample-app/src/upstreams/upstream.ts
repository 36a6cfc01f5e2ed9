import {
  createServer,
  type IncomingMessage,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { reportListening } from '../launcher/child.js';

const modes = ['ok', 'fail', 'hang', 'slow', '4xx'] as const;

/** How an upstream behaves. `PUT /switches` sets it, `GET /switches` shows it. */
export interface Switches {
  /** `hang` does its work and never answers; `fail` and `4xx` answer without doing it. */
  mode: (typeof modes)[number];
  /** What `fail` (500) and `4xx` (404, of the payment gateway 402) answer with. */
  status?: number;
  /** How long `slow` takes, in milliseconds (3000). */
  delay?: number;
  /** Only paths that start with it are affected; all others are served as usual. */
  path?: string;
}

/** What an upstream had to do: `GET /figures` shows it, `DELETE /figures` also begins anew. */
export interface Figures {
  calls: number;
  /** The most calls at once. */
  peak: number;
}

export interface Call {
  method: string;
  path: string;
  headers: IncomingMessage['headers'];
  body: unknown;
}

export interface Answer {
  status?: number;
  body: unknown;
}

const usualDelay = 20;

/** Serves `handle` over HTTP on the port `PORT`, as well or badly as its switches say. */
export function startUpstream(
  handle: (call: Call) => Answer,
  refusal = 404,
): void {
  let switches: Switches = { mode: 'ok' };
  let running = 0;
  let figures: Figures = { calls: 0, peak: 0 };

  async function count<T>(work: Promise<T>): Promise<T> {
    figures.calls++;
    figures.peak = Math.max(figures.peak, ++running);
    return work.finally(() => running--);
  }

  async function answer(request: IncomingMessage): Promise<Answer | undefined> {
    const { method = 'GET', url: path = '/', headers } = request;
    const body = Number(headers['content-length']) ? await json(request) : null;
    if (path === '/switches') {
      if (method === 'PUT') switches = asSwitches(body);
      return { body: switches };
    }
    if (path === '/figures') {
      const seen = figures;
      if (method === 'DELETE') figures = { calls: 0, peak: running };
      return { body: seen };
    }
    const work = () => handle({ method, path, headers, body });
    const { mode, delay = 3_000 } = path.startsWith(switches.path ?? '/')
      ? switches
      : { mode: 'ok' };
    const { status } = switches;
    await count(sleep(mode === 'slow' ? delay : usualDelay));
    switch (mode) {
      case 'fail':
        return { status: status ?? 500, body: { message: 'Out of order' } };
      case '4xx':
        return { status: status ?? refusal, body: { message: 'Refused' } };
      case 'hang':
        work();
        return undefined;
      default:
        return work();
    }
  }

  const server = createServer((request, response) => {
    answer(request)
      .then(result => result && send(response, result))
      .catch((error: unknown) =>
        send(response, { status: 400, body: { message: String(error) } }),
      );
  });
  server.listen(Number(process.env.PORT ?? 0), '127.0.0.1', () =>
    reportListening((server.address() as AddressInfo).port),
  );
}

function asSwitches(body: unknown): Switches {
  const { mode } = Object(body) as Partial<Switches>;
  if (mode && modes.includes(mode)) return body as Switches;
  throw new Error(`'mode' is one of ${modes.join(', ')}`);
}

function send(response: ServerResponse, { status = 200, body }: Answer): void {
  response
    .writeHead(status, { 'content-type': 'application/json' })
    .end(JSON.stringify(body));
}
