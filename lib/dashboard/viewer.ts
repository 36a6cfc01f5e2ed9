import type { ServerResponse } from 'node:http';

/** How long a reader may be behind before its connection is closed, in milliseconds. */
const PATIENCE_MS = 15_000;

/**
 * One reader of the stream. While its buffer has not drained it gets nothing
 * more, so it holds one message at most; then it is told everything anew. A
 * reader that stays behind loses its connection.
 */
export class Viewer {
  private behindSince: number | undefined;
  private hasMissed = false;

  /**
   * @param everything builds the message that brings a reader up to date
   */
  constructor(
    private readonly response: ServerResponse,
    private readonly everything: () => Buffer,
    private readonly patienceMs = PATIENCE_MS,
  ) {}

  /** Sends a message, unless the reader is behind. */
  send(message: Buffer): void {
    const { response } = this;
    if (!response.writable) return;
    if (this.behindSince !== undefined) {
      this.hasMissed = true;
    } else if (!response.write(message)) {
      this.behindSince = performance.now();
      response.once('drain', () => this.catchUp());
    }
  }

  /** Closes the connection of a reader that has been behind for too long. */
  check(): void {
    if (
      this.behindSince !== undefined &&
      performance.now() - this.behindSince > this.patienceMs
    ) {
      this.response.destroy();
    }
  }

  /** Ends the stream. */
  end(): void {
    this.response.end();
  }

  private catchUp(): void {
    this.behindSince = undefined;
    if (!this.hasMissed) return;
    this.hasMissed = false;
    this.send(this.everything());
  }
}
