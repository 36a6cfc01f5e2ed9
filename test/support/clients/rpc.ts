import { Controller, type INestMicroservice } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import {
  ClientProxyFactory,
  EventPattern,
  MessagePattern,
  Payload,
  Transport,
  type ClientProxy,
  type TcpOptions,
} from '@nestjs/microservices';
import { defer } from 'rxjs';
import { withCircuitBreaker } from '../../../lib/index.js';
import { freePort, plainModule } from '../nest-app.js';
import {
  valueOf,
  type Client,
  type ClientSession,
  type Mode,
} from './client.js';

/** The other side of a {@link ClientProxy}: a service on TCP. */
class Remote {
  arrived = 0;
  atWork = 0;
  mode: Mode = 'up';
  private service: INestMicroservice | undefined;
  private release: (() => void)[] = [];

  constructor(private readonly options: TcpOptions) {}

  async start(): Promise<void> {
    if (this.service !== undefined) return;
    const work = async (word: string): Promise<string> => this.work(word);
    @Controller()
    class Handlers {
      @MessagePattern('ask')
      ask(@Payload() word: string) {
        return work(word);
      }
      @EventPattern('event')
      async event(@Payload() word: string) {
        await work(word);
      }
    }
    this.service = await NestFactory.createMicroservice<TcpOptions>(
      plainModule({ controllers: [Handlers] }),
      { ...this.options, logger: false },
    );
    await this.service.listen();
  }

  async stop(): Promise<void> {
    this.letGo();
    await this.service?.close();
    this.service = undefined;
  }

  letGo(): void {
    for (const release of this.release.splice(0)) release();
  }

  private async work(word: string): Promise<string> {
    this.arrived++;
    if (this.mode === 'down') throw new Error('down');
    if (this.mode === 'hang') {
      this.atWork++;
      await new Promise<void>(resolve => this.release.push(resolve));
      this.atWork--;
    }
    return word.toUpperCase();
  }
}

async function start(
  callOf: (client: ClientProxy) => ClientSession['call'],
  /** Without an answer there is no error but that nobody is there. */
  leavesWhenDown: boolean,
): Promise<ClientSession> {
  const options = {
    transport: Transport.TCP,
    options: { host: '127.0.0.1', port: await freePort() },
  } as const;
  const remote = new Remote(options);
  await remote.start();
  const client = ClientProxyFactory.create(options);
  return {
    call: callOf(client),
    async turn(mode) {
      remote.mode = mode;
      if (mode !== 'hang') remote.letGo();
      if (mode === 'down' && leavesWhenDown) await remote.stop();
      // It would hold on to a connection that is gone, or was refused, for a moment.
      if (!leavesWhenDown || mode === 'hang') return;
      await client.close();
      if (mode === 'up') await remote.start();
    },
    arrived: () => remote.arrived,
    atWork: () => remote.atWork,
    async close() {
      await client.close();
      await remote.stop();
    },
  };
}

/** Both ways of a `ClientProxy`. */
export const RPC_CLIENTS: readonly Client[] = [
  {
    name: 'ClientProxy.send()',
    answer: 'WORD',
    cannot: {
      'cancels at a timeout': 'TCP of Nest has no message that calls work off',
      'cancels for its caller':
        'TCP of Nest has no message that calls work off',
    },
    start: () =>
      start(
        client => (circuit, options, signal) =>
          valueOf(
            client
              .send('ask', 'word')
              .pipe(withCircuitBreaker(circuit, options)),
            signal,
          ),
        false,
      ),
  },
  {
    name: 'ClientProxy.emit()',
    answer: undefined,
    isSendOnly: true,
    cannot: {
      'cancels at a timeout': 'it waits for no answer, so no time runs out',
      'cancels for its caller': 'it is hot: it has been dispatched',
    },
    start: () =>
      start(
        client => (circuit, options, signal) =>
          valueOf(
            // Inside the circuit, or it is dispatched all the same.
            defer(() => client.emit('event', 'word')).pipe(
              withCircuitBreaker(circuit, options),
            ),
            signal,
          ),
        true,
      ),
  },
];
