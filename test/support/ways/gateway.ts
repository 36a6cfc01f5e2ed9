import { expect } from '@jest/globals';
import {
  Catch,
  Inject,
  UseFilters,
  type ArgumentsHost,
  type Type,
} from '@nestjs/common';
import { IoAdapter } from '@nestjs/platform-socket.io';
import { WsAdapter } from '@nestjs/platform-ws';
import {
  BaseWsExceptionFilter,
  MessageBody,
  SubscribeMessage,
  WebSocketGateway,
} from '@nestjs/websockets';
import { io } from 'socket.io-client';
import { WebSocket } from 'ws';
import { once } from 'node:events';
import { closeApp, plainModule, startHttp } from '../nest-app.js';
import { NEST_VERSION } from '../nest-version.js';
import { Above, Below } from './enhancers.js';
import { Upstream } from './upstream.js';
import type { Blueprint, Seen, Session, Way } from './way.js';

function handlers(blueprint: Blueprint): Type {
  const { pattern, onClass, onMethod, signal } = blueprint;
  @WebSocketGateway()
  @onClass
  class Gateway {
    constructor(@Inject(Upstream) private readonly upstream: Upstream) {}

    @Above()
    @SubscribeMessage(pattern)
    @onMethod
    @Below()
    async ask(@MessageBody() word: string, @signal given?: AbortSignal) {
      return { event: 'answer', data: await this.upstream.ask(word, given) };
    }
  }
  return Gateway;
}

/** What a user of Nest 11 needs with native sockets: Nest itself tells them nothing of an error. */
@Catch()
class SendExceptions extends BaseWsExceptionFilter {
  override catch(exception: unknown, host: ArgumentsHost): void {
    const call = host.switchToWs();
    const emit = (event: string, data: unknown) =>
      call.getClient<WebSocket>().send(JSON.stringify({ event, data }));
    const cause = { pattern: call.getPattern(), data: call.getData() };
    this.handleError({ emit }, exception, cause);
  }
}

/** A gateway whose native sockets are told of errors on Nest 11, too. */
export function onWs(gateway: Type): Type {
  if (NEST_VERSION === 11) UseFilters(SendExceptions)(gateway);
  return gateway;
}

/** One message and what comes back for it. */
interface Client {
  ask(pattern: string, word: string): Promise<Seen>;
  close(): void;
}

function way(
  name: string,
  Adapter: typeof IoAdapter | typeof WsAdapter,
  connect: (url: string) => Promise<Client>,
  define: Way['define'],
): Way {
  return {
    name: `WebSocket gateway on ${name}`,
    define,
    fallback: () => ({ event: 'answer', data: 'fallback' }),
    refusal: refusal => ({
      status: 'error',
      message: expect.any(String),
      ...refusal,
    }),
    start: async (gateways, metadata): Promise<Session> => {
      const { app, url } = await startHttp(
        plainModule({
          ...metadata,
          providers: [...(metadata.providers ?? []), ...gateways],
        }),
        undefined,
        each => each.useWebSocketAdapter(new Adapter(each)),
      );
      const client = await connect(url);
      return {
        get: token => app.get(token, { strict: false }),
        ask: (pattern, word) => client.ask(pattern, word),
        close: async () => {
          client.close();
          await closeApp(app);
        },
      };
    },
  };
}

async function connectSocketIo(url: string): Promise<Client> {
  const socket = io(url, { transports: ['websocket'] });
  await new Promise<void>(resolve => socket.once('connect', () => resolve()));
  return {
    ask: (pattern, word) =>
      new Promise(resolve => {
        const tell = (seen: Seen) => {
          socket.off('answer').off('exception');
          resolve(seen);
        };
        socket.once('answer', (value: unknown) => tell({ value }));
        socket.once('exception', (error: unknown) => tell({ error }));
        socket.emit(pattern, word);
      }),
    close: () => void socket.disconnect(),
  };
}

async function connectWs(url: string): Promise<Client> {
  const socket = new WebSocket(url.replace('http', 'ws'));
  await once(socket, 'open');
  return {
    ask: async (event, data) => {
      const answered = once(socket, 'message');
      socket.send(JSON.stringify({ event, data }));
      const [text] = (await answered) as [Buffer];
      const answer = JSON.parse(text.toString()) as Record<string, unknown>;
      return answer['event'] === 'answer'
        ? { value: answer['data'] }
        : { error: answer['data'] };
    },
    close: () => socket.close(),
  };
}

/** Messages to a gateway, on both platforms. */
export const GATEWAY_WAYS: readonly Way[] = [
  way('socket.io', IoAdapter, connectSocketIo, handlers),
  way('ws', WsAdapter, connectWs, blueprint => onWs(handlers(blueprint))),
];
