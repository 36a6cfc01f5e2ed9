import { once } from 'node:events';
import {
  connect,
  createServer,
  type AddressInfo,
  type Server,
  type Socket,
} from 'node:net';

/** A network of the test's own between some instances and the server, that can be cut. */
export class Proxy {
  /** Bytes that came from the instances. */
  received = 0;
  private isCut = false;
  private readonly sockets = new Set<Socket>();
  private readonly server: Server;

  private constructor(private readonly to: number) {
    this.server = createServer(from => this.join(from));
  }

  static async open(to: number): Promise<Proxy> {
    const proxy = new Proxy(to);
    proxy.server.listen(0, '127.0.0.1');
    await once(proxy.server, 'listening');
    return proxy;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  /** From now on everything that is sent is lost; connections seem to stand. */
  cut(): void {
    this.isCut = true;
  }

  /** The network is whole again; what stood meanwhile is torn down, as it lacks bytes. */
  mend(): void {
    this.isCut = false;
    for (const socket of this.sockets) socket.destroy();
  }

  close(): void {
    this.server.close();
    for (const socket of this.sockets) socket.destroy();
  }

  private join(from: Socket): void {
    const to = connect(this.to, '127.0.0.1');
    for (const [one, other] of [
      [from, to],
      [to, from],
    ] as const) {
      this.sockets.add(one);
      one.on('data', chunk => {
        if (one === from) this.received += chunk.length;
        if (!this.isCut) other.write(chunk);
      });
      one.on('error', () => {});
      one.on('close', () => {
        this.sockets.delete(one);
        other.destroy();
      });
    }
  }
}
