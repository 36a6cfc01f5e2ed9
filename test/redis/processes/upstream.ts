import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

interface Tally {
  inFlight: number;
  most: number;
  total: number;
}

/** The dependency: counts the probes that it really receives. */
export class Upstream {
  isHealthy = true;
  requests = 0;
  /** Probes by the fleet's generation; `alone` are those of instances without Redis. */
  readonly probes = new Map<string, Tally>();
  private readonly server: Server = createServer((request, response) => {
    this.requests++;
    const { isHealthy } = this;
    const generation = request.headers['x-probe'];
    const tally = this.enter(generation);
    setTimeout(() => {
      if (tally) tally.inFlight--;
      response.writeHead(isHealthy ? 200 : 503).end();
    }, 5);
  });

  async listen(): Promise<number> {
    this.server.listen(0, '127.0.0.1');
    await once(this.server, 'listening');
    return (this.server.address() as AddressInfo).port;
  }

  close(): void {
    this.server.closeAllConnections();
    this.server.close();
  }

  private enter(generation: string | string[] | undefined): Tally | undefined {
    if (typeof generation !== 'string') return undefined;
    const tally = this.probes.get(generation) ?? {
      inFlight: 0,
      most: 0,
      total: 0,
    };
    this.probes.set(generation, tally);
    tally.inFlight++;
    tally.total++;
    tally.most = Math.max(tally.most, tally.inFlight);
    return tally;
  }
}
