import { once } from 'node:events';
import { get, type IncomingMessage } from 'node:http';

/** One message of the stream. */
export interface StreamEvent {
  readonly event: string;
  readonly data: Record<string, unknown>;
}

/** Reads server-sent events as another tool would. Not by `fetch`: that opens spare connections, which keep a server from closing. */
export class EventReader {
  private readonly waiting: StreamEvent[] = [];
  private text = '';
  private isOver = false;

  private constructor(readonly response: IncomingMessage) {
    response.setEncoding('utf8');
    response.on('data', (chunk: string) => this.read(chunk));
    response.on('close', () => (this.isOver = true));
    response.on('error', () => undefined);
  }

  static async open(url: string): Promise<EventReader> {
    const [response] = (await once(get(url, { agent: false }), 'response')) as [
      IncomingMessage,
    ];
    return new EventReader(response);
  }

  /** The next message of a kind; those before it are passed over. */
  async next(event: string): Promise<StreamEvent['data']> {
    for (let tries = 0; tries < 500; tries++) {
      const found = this.waiting.findIndex(each => each.event === event);
      if (found >= 0) return this.waiting.splice(0, found + 1).at(-1)!.data;
      if (this.isOver) throw new Error(`The stream ended without ${event}.`);
      await new Promise(resolve => setTimeout(resolve, 10));
    }
    throw new Error(`No ${event} came.`);
  }

  /** Resolves when the server has ended the stream. */
  async ended(): Promise<void> {
    while (!this.isOver) await new Promise(resolve => setTimeout(resolve, 10));
  }

  close(): void {
    this.response.destroy();
  }

  private read(chunk: string): void {
    this.text += chunk;
    const blocks = this.text.split('\n\n');
    this.text = blocks.pop()!;
    for (const block of blocks) this.take(block);
  }

  private take(block: string): void {
    const [, event, data] = /^event: (.+)\ndata: (.+)$/.exec(block) ?? [];
    if (event !== undefined && data !== undefined) {
      this.waiting.push({
        event,
        data: JSON.parse(data) as StreamEvent['data'],
      });
    }
  }
}
