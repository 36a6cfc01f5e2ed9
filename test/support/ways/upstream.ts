import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Observable } from 'rxjs';

/** What the user's own filter answers for. */
export class TeapotError extends Error {}

/** The dependency behind every way in: a real server that can break. */
export class Upstream {
  /** What it does with the next requests. */
  mode: 'up' | 'down' | 'hang' | 'teapot' = 'up';
  requests = 0;
  answered = 0;
  /** Requests whose client left before the answer. */
  aborted = 0;
  private server: Server | undefined;

  async start(): Promise<void> {
    this.server = createServer((request, response) => {
      this.requests++;
      response.on('close', () => {
        if (response.writableEnded) this.answered++;
        else this.aborted++;
      });
      if (this.mode === 'hang') return;
      response.writeHead(this.mode === 'down' ? 500 : 200);
      response.end(decodeURIComponent(request.url!.slice(1)));
    }).listen(0, '127.0.0.1');
    await once(this.server, 'listening');
  }

  get url(): string {
    const { port } = this.server!.address() as AddressInfo;
    return `http://127.0.0.1:${port}`;
  }

  /** Asks over the wire; the answer is what was said. */
  async ask(word: string, signal?: AbortSignal): Promise<string> {
    if (this.mode === 'teapot') throw new TeapotError('short and stout');
    const response = await fetch(`${this.url}/${encodeURIComponent(word)}`, {
      ...(signal && { signal }),
      headers: { connection: 'close' },
    });
    if (!response.ok) throw new Error(`upstream: ${response.status}`);
    return response.text();
  }

  /** As {@link ask}; whoever unsubscribes gives up. */
  ask$(word: string): Observable<string> {
    return new Observable(subscriber => {
      const left = new AbortController();
      this.ask(word, left.signal).then(
        answer => {
          subscriber.next(answer);
          subscriber.complete();
        },
        (error: unknown) => subscriber.error(error),
      );
      return () => left.abort();
    });
  }

  /** As if nothing had happened. */
  reset(): void {
    this.mode = 'up';
    this.requests = this.answered = this.aborted = 0;
  }

  stop(): void {
    this.server?.closeAllConnections();
    this.server?.close();
  }
}
