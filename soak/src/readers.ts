import { connect, type Socket } from 'node:net';

const RECONNECT_EVERY_MS = 5_000;

/** Those who watch the dashboard of an instance: one who reads, one who never does, one who comes and goes. */
export class Readers {
  private readonly sockets = new Set<Socket>();
  private readonly timer: NodeJS.Timeout;
  /** Bytes that were read. */
  bytes = 0;

  constructor(private readonly url: URL) {
    this.open('reads');
    this.open('never reads');
    let fleeting = this.open('reads');
    this.timer = setInterval(() => {
      fleeting.destroy();
      fleeting = this.open('reads');
    }, RECONNECT_EVERY_MS);
  }

  stop(): void {
    clearInterval(this.timer);
    for (const socket of this.sockets) socket.destroy();
  }

  private open(how: 'reads' | 'never reads'): Socket {
    const socket = connect(Number(this.url.port), this.url.hostname);
    this.sockets.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => this.sockets.delete(socket));
    if (how === 'reads') {
      socket.on('data', ({ length }) => {
        this.bytes += length;
      });
    } else socket.pause();
    socket.write(
      `GET /circuits/api/events HTTP/1.1\r\nHost: ${this.url.host}\r\nAccept: text/event-stream\r\n\r\n`,
    );
    return socket;
  }
}
