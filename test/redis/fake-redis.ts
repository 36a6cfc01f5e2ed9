import { EventEmitter } from 'node:events';
import type { ExchangeRequest } from '../../lib/redis/fleet-store.js';
import type { FleetClient } from '../../lib/redis/redis-client.js';
import { SimulatedStore } from './simulated-store.js';

/** What a connection was asked, by command. */
export type Command = readonly [name: string, ...args: unknown[]];

/** One connection of a client that reaches no server. */
export class FakeConnection extends EventEmitter {
  status = 'connecting';
  readonly commands: Command[] = [];
  disconnected = 0;
  /** Answers the next commands, in turn; the last one all that follow. */
  readonly answers: (() => unknown)[] = [];

  evalsha(...args: unknown[]): Promise<unknown> {
    return this.command('evalsha', args);
  }

  eval(...args: unknown[]): Promise<unknown> {
    return this.command('eval', args);
  }

  subscribe(...args: unknown[]): Promise<unknown> {
    return this.command('subscribe', args);
  }

  disconnect(): void {
    this.disconnected++;
  }

  /** What an answer throws is a rejection. */
  private async command(name: string, args: unknown[]): Promise<unknown> {
    this.commands.push([name, ...args]);
    const { answers } = this;
    return (answers.length > 1 ? answers.shift() : answers[0])?.();
  }
}

/** A client that is given to a fleet, and the two connections that the fleet makes of it. */
export class FakeRedis {
  readonly commands = new FakeConnection();
  readonly subscriber = new FakeConnection();
  readonly client: FleetClient;

  constructor() {
    const connections = [this.commands, this.subscriber];
    const client = { duplicate: () => connections.shift() };
    this.client = client as unknown as FleetClient;
  }
}

/** A server without a network: its script is the simulated store's code. */
export class FakeServer {
  private readonly subscribers: FakeConnection[] = [];
  private readonly store = new SimulatedStore(message => {
    for (const each of this.subscribers) {
      each.emit('message', 'channel', JSON.stringify(message));
    }
  });

  /** A client of it, for one instance. */
  connect(): FakeRedis {
    const redis = new FakeRedis();
    const { commands, subscriber } = redis;
    commands.answers.push(() => {
      const [, , keys, ...rest] = commands.commands.at(-1)!;
      const request = rest[keys as number] as string;
      return JSON.stringify(
        this.store.exchange(JSON.parse(request) as ExchangeRequest, Date.now()),
      );
    });
    subscriber.status = 'ready';
    this.subscribers.push(subscriber);
    return redis;
  }
}
