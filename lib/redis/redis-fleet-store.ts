import { createHash } from 'node:crypto';
import { readAnnouncement, readReply } from './fleet-messages.js';
import type {
  ExchangeReply,
  ExchangeRequest,
  FleetListener,
  FleetStore,
} from './fleet-store.js';
import {
  openConnection,
  type FleetClient,
  type FleetConnection,
} from './redis-client.js';
import { exchangeScript } from './script/exchange.js';

/** Where and how the instances of one fleet meet. */
export interface RedisFleetStoreOptions {
  readonly connection: FleetConnection;
  /** Fleets of different namespaces do not see each other. */
  readonly namespace: string;
  /** Milliseconds after which an unanswered exchange has failed. */
  readonly timeout: number;
  /** Another script; for tests. */
  readonly script?: string;
}

/** The store in production: one script call for each exchange, one channel for announcements. */
export class RedisFleetStore implements FleetStore {
  private readonly commands: FleetClient;
  private readonly subscriber: FleetClient;
  private readonly script: string;
  private readonly sha: string;
  /** One hash tag: all keys of a fleet are in one slot of a cluster. */
  private readonly prefix: string;
  private listener: FleetListener | undefined;

  constructor({
    connection,
    namespace,
    timeout,
    script = exchangeScript(),
  }: RedisFleetStoreOptions) {
    this.prefix = `{${encodeURIComponent(wellFormed(namespace))}}`;
    this.script = script;
    this.sha = createHash('sha1').update(script).digest('hex');
    this.commands = openConnection(connection, timeout);
    this.subscriber = openConnection(connection, timeout);
  }

  /** @throws whatever `ioredis` says: not connected, timed out, or the script's own error; or that the answer is none */
  async exchange(
    request: ExchangeRequest,
    ...more: readonly string[]
  ): Promise<ExchangeReply> {
    const { prefix } = this;
    const keys = [
      `${prefix}:fleet`,
      `${prefix}:alive`,
      `${prefix}:seq:${request.instance}`,
      ...request.circuits.map(({ id }) => `${prefix}:circuit:${id}`),
    ];
    const args = [JSON.stringify(request), this.channel, ...more];
    return readReply(await this.evaluate(keys, args));
  }

  open(listener: FleetListener): void {
    this.listener = listener;
    const { subscriber, channel } = this;
    subscriber.on('message', (_channel: string, message: string) => {
      const announcement = readAnnouncement(message);
      if (announcement !== undefined) listener.announced(announcement);
    });
    const subscribe = () => {
      subscriber.subscribe(channel).then(
        () => this.listener?.resumed(),
        () => {
          // The connection is gone again: the next `ready` tries anew.
        },
      );
    };
    subscriber.on('ready', subscribe);
    if (subscriber.status === 'ready') subscribe();
  }

  close(): Promise<void> {
    this.listener = undefined;
    this.subscriber.disconnect();
    this.commands.disconnect();
    return Promise.resolve();
  }

  private get channel(): string {
    return `${this.prefix}:announcements`;
  }

  private async evaluate(
    keys: readonly string[],
    args: readonly string[],
  ): Promise<unknown> {
    const { commands } = this;
    try {
      return await commands.evalsha(this.sha, keys.length, ...keys, ...args);
    } catch (error) {
      // A restarted server has no scripts.
      if (!(error instanceof Error && error.message.startsWith('NOSCRIPT'))) {
        throw error;
      }
      return commands.eval(this.script, keys.length, ...keys, ...args);
    }
  }
}

/** Half a surrogate pair has no UTF-8. */
function wellFormed(text: string): string {
  return Buffer.from(text).toString();
}
