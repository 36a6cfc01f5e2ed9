import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import {
  createServer,
  type IncomingHttpHeaders,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';
import { Exchange } from '../../lib/dashboard/exchange.js';
import type { PageFile } from '../../lib/dashboard/page-files.js';
import type {
  CircuitsMessage,
  FiguresMessage,
  SnapshotMessage,
} from '../../lib/dashboard/stream-messages.js';

interface Messages {
  readonly snapshot: SnapshotMessage;
  readonly circuits: CircuitsMessage;
  readonly figures: FiguresMessage;
}

/** Answers one request of the page, now or later. */
export type Answer = (exchange: Exchange) => void | Promise<void>;

/** An action as it was sent. */
export interface SentAction {
  readonly headers: IncomingHttpHeaders;
  readonly body: unknown;
}

/** Serves the page as it was built, and says on its stream what a test tells it: what a server says seldom, and when it says it, cannot be waited for. */
export class ScriptedServer {
  /** How the stream is answered; where nothing is set it begins. */
  onEvents: Answer | undefined;
  onCircuit: Answer = notThere;
  onAction: Answer = exchange => exchange.json(200, {});
  /** What was asked of the API, in order. */
  asked: string[] = [];
  actions: SentAction[] = [];
  /** How many answers it has given for a circuit. */
  answered = 0;
  private readonly files = builtPage();
  private readonly readers = new Set<ServerResponse>();

  private constructor(private readonly server: Server) {
    server.on('request', (request, response) => {
      void this.answer(new Exchange(request, response));
    });
  }

  static async start(): Promise<ScriptedServer> {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new ScriptedServer(server);
  }

  get url(): string {
    const { port } = this.server.address() as AddressInfo;
    return `http://127.0.0.1:${port}/circuits/`;
  }

  /** How many read the stream now. */
  get readerCount(): number {
    return this.readers.size;
  }

  /** The circuits among it. */
  get askedFor(): string[] {
    return this.asked.filter(path => path.startsWith('api/circuit?'));
  }

  /** As it was at the start. */
  reset(): void {
    this.onEvents = undefined;
    this.onCircuit = notThere;
    this.onAction = exchange => exchange.json(200, {});
    this.asked = [];
    this.answered = 0;
    this.actions = [];
  }

  /** Tells every reader something. */
  say<Event extends keyof Messages>(event: Event, data: Messages[Event]): void {
    for (const reader of this.readers)
      reader.write(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
  }

  /** Ends the stream of every reader. */
  hangUp(): void {
    for (const reader of this.readers) reader.destroy();
    this.readers.clear();
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    this.server.close();
    await once(this.server, 'close');
  }

  private async answer(exchange: Exchange): Promise<void> {
    const path = exchange.url.pathname.replace('/circuits/', '');
    if (path.startsWith('api/'))
      this.asked.push(`${path}${exchange.url.search}`);
    if (path === 'api/events') return this.beginStream(exchange);
    if (path === 'api/circuit') {
      await this.onCircuit(exchange);
      this.answered += Number(exchange.url.search !== '');
      return;
    }
    if (path === 'api/actions') {
      const { headers } = exchange.request;
      this.actions.push({ headers, body: await exchange.body() });
      return this.onAction(exchange);
    }
    const file = this.files[path === '' ? 'index.html' : path];
    if (file === undefined) return notThere(exchange);
    exchange.send(200, file.type, file.content);
  }

  private async beginStream(exchange: Exchange): Promise<void> {
    if (this.onEvents !== undefined) return this.onEvents(exchange);
    exchange.stream();
    const { response } = exchange;
    this.readers.add(response);
    response.once('close', () => this.readers.delete(response));
  }
}

/** An answer that is given when it is let go. */
export function held(answer: Answer): { answer: Answer; letGo(): void } {
  let release: () => void;
  const released = new Promise<void>(resolve => (release = resolve));
  return {
    letGo: () => release(),
    answer: async exchange => {
      await released;
      await answer(exchange);
    },
  };
}

/** An answer that refuses. */
export function refusing(status: number, message = 'No.'): Answer {
  return exchange => exchange.refuse({ status, code: 'NO', message });
}

function notThere(exchange: Exchange): void {
  exchange.refuse({ status: 404, code: 'NOT_FOUND', message: 'Not there.' });
}

/** What `npm run build` has put into the package. */
function builtPage(): Readonly<Record<string, PageFile>> {
  const module = readFileSync(
    new URL('../../dist/esm/dashboard/page-files.js', import.meta.url),
    'utf8',
  );
  return JSON.parse(
    module.replace('export const pageFiles = ', '').replace(/;\s*$/, ''),
  ) as Record<string, PageFile>;
}
