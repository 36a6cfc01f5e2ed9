import { request } from 'node:http';
import { Observable } from 'rxjs';
import type { Ledger } from './ledger.js';

/** The upstream, one request a connection: what was sent has arrived, and nothing is sent twice. */
export class Dependency {
  constructor(
    private readonly url: string,
    private readonly ledger: Ledger,
  ) {}

  /** One attempt. Rejects for a 5xx answer, a cut connection, and at the signal's abort. */
  get(circuit: string, signal?: AbortSignal): Promise<string> {
    const entry = this.ledger.of(circuit);
    entry.attempts++;
    return new Promise((resolve, reject) => {
      const url = `${this.url}/${encodeURIComponent(circuit)}/`;
      let hasEnded = false;
      const end = (how: 'returned' | 'cancelled', settle: () => void) => {
        if (hasEnded) return;
        hasEnded = true;
        entry[how]++;
        // Connected means written: a request is one segment.
        if (asked.socket?.connecting !== false) entry.unsent++;
        signal?.removeEventListener('abort', abort);
        settle();
      };
      const asked = request(url, { agent: false }, response => {
        response.resume();
        response.on('end', () =>
          end('returned', () => {
            const { statusCode = 0 } = response;
            if (statusCode < 500) resolve('answer');
            else reject(new Error(`status ${statusCode}`));
          }),
        );
        response.on('error', error => end('returned', () => reject(error)));
      });
      const abort = () => {
        end('cancelled', () => reject(signal?.reason as Error));
        asked.destroy();
      };
      asked.on('error', error => end('returned', () => reject(error)));
      if (signal?.aborted === true) return abort();
      signal?.addEventListener('abort', abort);
      asked.end();
    });
  }

  /** As an Observable: one attempt for each subscription, cancelled with it. */
  get$(circuit: string): Observable<string> {
    return new Observable(subscriber => {
      const controller = new AbortController();
      this.get(circuit, controller.signal).then(
        value => {
          subscriber.next(value);
          subscriber.complete();
        },
        (error: unknown) => subscriber.error(error),
      );
      return () => controller.abort();
    });
  }
}
