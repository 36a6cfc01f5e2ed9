import {
  afterAll,
  afterEach,
  beforeAll,
  describe,
  expect,
  it,
} from '@jest/globals';
import {
  Controller,
  Inject,
  Injectable,
  type INestMicroservice,
  type OnModuleInit,
} from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import {
  ClientProxyFactory,
  Ctx,
  EventPattern,
  Payload,
  Transport,
  type ClientProxy,
  type MicroserviceOptions,
  type RmqContext,
} from '@nestjs/microservices';
import { connect, type Channel, type ChannelModel } from 'amqplib';
import {
  catchError,
  EMPTY,
  lastValueFrom,
  mergeMap,
  Subject,
  tap,
  type Subscription,
} from 'rxjs';
import {
  CircuitBreakerRegistry,
  holdWhileOpen,
  withCircuitBreaker,
} from '../../lib/index.js';
import { rootModule } from '../support/nest-app.js';
import { hasServer, SERVERS } from '../support/servers.js';
import { Upstream } from '../support/ways/upstream.js';

const URL = `amqp://guest:guest@127.0.0.1:${SERVERS.rabbitmq.port}`;
const PREFETCH = 5;
const MESSAGES = 60;

const isThere = hasServer('rabbitmq');
const test = isThere ? it : it.skip;

const upstream = new Upstream();

/** One message, and how it is settled with the broker. */
interface Message {
  readonly order: string;
  ack(): void;
  requeue(): void;
}

/** Handles orders as the dependency can take them. */
@Injectable()
class Orders implements OnModuleInit {
  readonly handled: string[] = [];
  taken = 0;
  private readonly messages$ = new Subject<Message>();
  private subscription: Subscription | undefined;

  constructor(
    @Inject(CircuitBreakerRegistry)
    private readonly circuits: CircuitBreakerRegistry,
  ) {}

  onModuleInit(): void {
    const circuit = this.circuits.getOrCreate('orders', {
      consecutiveFailures: 3,
      openDuration: 300,
      openJitter: 0,
      halfOpen: { calls: 2 },
    });
    this.subscription = this.messages$
      .pipe(
        // What is held is not acknowledged: at its prefetch the broker stops.
        holdWhileOpen(circuit, { buffer: { size: PREFETCH } }),
        mergeMap(message =>
          upstream.ask$(message.order).pipe(
            withCircuitBreaker(circuit),
            tap(order => {
              this.handled.push(order);
              message.ack();
            }),
            catchError(() => {
              message.requeue();
              return EMPTY;
            }),
          ),
        ),
      )
      .subscribe();
  }

  /** Before the channel closes: what is held then goes back to the queue. */
  stop(): void {
    this.subscription?.unsubscribe();
  }

  take(message: Message): void {
    this.taken++;
    this.messages$.next(message);
  }
}

@Controller()
class OrdersController {
  constructor(@Inject(Orders) private readonly orders: Orders) {}

  @EventPattern('order')
  take(@Payload() order: string, @Ctx() given: unknown): void {
    const context = given as RmqContext;
    const channel = context.getChannelRef() as Channel;
    const message = context.getMessage() as Parameters<Channel['ack']>[0];
    this.orders.take({
      order,
      ack: () => channel.ack(message),
      requeue: () => channel.nack(message, false, true),
    });
  }
}

const ROOT = rootModule({
  controllers: [OrdersController],
  providers: [Orders],
});

const queue = `orders-${process.pid}`;
const options = {
  urls: [URL],
  queue,
  queueOptions: { durable: false },
};

let connection: ChannelModel;
let channel: Channel;
let client: ClientProxy;
let consumer: INestMicroservice | undefined;

async function startConsumer(): Promise<Orders> {
  consumer = await NestFactory.createMicroservice<MicroserviceOptions>(ROOT, {
    transport: Transport.RMQ,
    options: { ...options, prefetchCount: PREFETCH, noAck: false },
    logger: false,
    abortOnError: false,
  });
  await consumer.listen();
  return consumer.get(Orders);
}

function send(order: string): Promise<unknown> {
  return lastValueFrom(client.emit('order', order));
}

async function stopConsumer(): Promise<void> {
  consumer?.get(Orders).stop();
  await consumer?.close();
  consumer = undefined;
}

/** How many messages wait at the broker, those that were taken and not settled left out. */
async function waiting(): Promise<number> {
  return (await channel.checkQueue(queue)).messageCount;
}

async function until(
  what: string,
  holds: () => boolean | Promise<boolean>,
): Promise<void> {
  for (const end = Date.now() + 10_000; !(await holds());) {
    if (Date.now() > end) throw new Error(`it did not come to this: ${what}`);
    await new Promise(resolve => setTimeout(resolve, 20));
  }
}

beforeAll(async () => {
  if (!isThere) return;
  await upstream.start();
  connection = await connect(URL);
  channel = await connection.createChannel();
  await channel.assertQueue(queue, options.queueOptions);
  client = ClientProxyFactory.create({ transport: Transport.RMQ, options });
});

afterEach(stopConsumer);

afterAll(async () => {
  if (!isThere) return;
  await client.close();
  await channel.deleteQueue(queue);
  await connection.close();
  upstream.stop();
});

describe('a RabbitMQ consumer whose dependency breaks', () => {
  test('stops taking messages, goes on when it can, and loses none', async () => {
    const first = await startConsumer();
    const sent = Array.from({ length: MESSAGES }, (_, i) => `order-${i}`);
    for (const order of sent.slice(0, 10)) await send(order);
    await until('the first ten are handled', () => first.handled.length === 10);

    // The outage.
    upstream.mode = 'down';
    for (const order of sent.slice(10)) await send(order);
    const circuit = consumer!.get(CircuitBreakerRegistry).get('orders');
    await until('the circuit is open', () => circuit.state === 'open');
    await until(
      'no more than the prefetch are out of the queue',
      async () => (await waiting()) >= MESSAGES - 10 - PREFETCH,
    );
    const asked = upstream.requests;
    const { taken } = first;
    await new Promise(resolve => setTimeout(resolve, 200));
    // It asked in vain once or twice, to see whether it can; it took none beside.
    expect(upstream.requests - asked).toBeLessThanOrEqual(2);
    expect(first.taken - taken).toBeLessThanOrEqual(2);
    expect(first.handled).toHaveLength(10);

    // In = handled + still queued, also if the consumer dies in the outage.
    await stopConsumer();
    await until(
      'what it held is back in the queue',
      async () => (await waiting()) + first.handled.length === MESSAGES,
    );

    // Another one starts in the outage, which then ends.
    const second = await startConsumer();
    const again = consumer!.get(CircuitBreakerRegistry).get('orders');
    await until('its circuit is open', () => again.state === 'open');
    upstream.mode = 'up';
    await until('the circuit is closed', () => again.state === 'closed');
    await until(
      'all are handled',
      () => first.handled.length + second.handled.length === MESSAGES,
    );
    expect(await waiting()).toBe(0);
    // None twice, none lost.
    const handled = [...first.handled, ...second.handled];
    expect(handled.toSorted()).toEqual(sent.toSorted());
  }, 40_000);
});
