import {
  afterAll,
  afterEach,
  beforeAll,
  beforeEach,
  describe,
  expect,
  it,
} from '@jest/globals';
import {
  Controller,
  Injectable,
  UseFilters,
  type INestApplicationContext,
} from '@nestjs/common';
import {
  ClientProxyFactory,
  EventPattern,
  MessagePattern,
  Transport,
  type ClientProxy,
} from '@nestjs/microservices';
import { InjectRepository, TypeOrmModule } from '@nestjs/typeorm';
import { defer, firstValueFrom, lastValueFrom, throwError } from 'rxjs';
import { Column, Entity, PrimaryColumn, Repository } from 'typeorm';
import { fetch as undiciFetch } from 'undici';
import {
  CallSignal,
  Circuit,
  CircuitBreaker,
  CircuitBreakerRegistry,
  withCircuitBreaker,
} from '../../lib/index.js';
import {
  closeApps,
  rootModule,
  startContext,
  startHttp,
  startTcp,
} from '../support/nest-app.js';
import { hasServer, SERVERS } from '../support/servers.js';
import { Upstream } from '../support/ways/upstream.js';

afterEach(closeApps);

describe('ClientProxy', () => {
  let events: string[];
  let sent: number;
  let client: ClientProxy;

  @Controller()
  class Remote {
    @MessagePattern('ask')
    async ask(word: string) {
      sent++;
      return word;
    }
    // What it throws goes over the wire as it is: from services without Nest's filters.
    @MessagePattern('fail')
    @UseFilters({ catch: (error: unknown) => throwError(() => error) })
    fail(error: unknown) {
      return throwError(() => error);
    }
    @EventPattern('event')
    event(word: string) {
      events.push(word);
    }
  }

  beforeEach(async () => {
    events = [];
    sent = 0;
    const { app } = await startHttp(rootModule({ controllers: [Remote] }));
    const port = await startTcp(app);
    client = ClientProxyFactory.create({
      transport: Transport.TCP,
      options: { host: '127.0.0.1', port },
    });
  });

  afterEach(() => client.close());

  it('send() is cold: nothing is sent while the circuit is open', async () => {
    const circuit = new Circuit('remote');
    const ask = () =>
      firstValueFrom(
        client.send<string>('ask', 'word').pipe(withCircuitBreaker(circuit)),
      );

    expect(await ask()).toBe('word');
    circuit.forceOpen();
    await expect(ask()).rejects.toMatchObject({ code: 'CIRCUIT_OPEN' });
    expect(sent).toBe(1);
  });

  it.each([
    ['a string', 'down'],
    ['a plain object', { status: 'error', message: 'down' }],
  ])('an error that is %s counts and opens', async (_kind, error) => {
    const circuit = new Circuit('remote', { consecutiveFailures: 2 });
    const ask = () =>
      firstValueFrom(
        client.send('fail', error).pipe(withCircuitBreaker(circuit)),
      );

    await expect(ask()).rejects.toEqual(error);
    await expect(ask()).rejects.toEqual(error);
    await expect(ask()).rejects.toMatchObject({ code: 'CIRCUIT_OPEN' });
    expect(circuit.snapshot().lastFailure?.message).toContain('down');
  });

  it('an answer of the remote that says 404 is no failure', async () => {
    const circuit = new Circuit('remote', { consecutiveFailures: 1 });
    const error = { statusCode: 404, message: 'no such order' };
    await expect(
      firstValueFrom(
        client.send('fail', error).pipe(withCircuitBreaker(circuit)),
      ),
    ).rejects.toEqual(error);

    expect(circuit.snapshot().totals).toMatchObject({
      successes: 1,
      failures: 0,
    });
  });

  it('emit() is hot: it must be inside the circuit, or it is dispatched all the same', async () => {
    const circuit = new Circuit('remote');
    circuit.forceOpen();
    const inside = defer(() => client.emit('event', 'inside')).pipe(
      withCircuitBreaker(circuit),
    );
    const outside = client
      .emit('event', 'outside')
      .pipe(withCircuitBreaker(circuit));

    await expect(lastValueFrom(inside)).rejects.toMatchObject({
      code: 'CIRCUIT_OPEN',
    });
    await expect(lastValueFrom(outside)).rejects.toMatchObject({
      code: 'CIRCUIT_OPEN',
    });
    await until(() => events.length > 0);
    expect(events).toEqual(['outside']);
  });

  it('a remote that cannot be reached counts', async () => {
    await client.close();
    await closeApps();
    const circuit = new Circuit('remote', { consecutiveFailures: 1 });
    await expect(
      circuit.execute(() => lastValueFrom(client.emit('event', 'word'))),
    ).rejects.toMatchObject({ code: 'ECONNREFUSED' });

    expect(circuit.state).toBe('open');
  });
});

describe("undici's fetch", () => {
  const upstream = new Upstream();

  beforeAll(() => upstream.start());
  beforeEach(() => upstream.reset());
  afterAll(() => upstream.stop());

  @Injectable()
  class Rates {
    @CircuitBreaker('rates', {
      // Longer than an answer takes on a busy machine.
      timeout: 500,
      consecutiveFailures: 3,
      isFailureResult: ({ status }: { status: number }) => status >= 500,
    })
    async rate(word: string, @CallSignal() signal?: AbortSignal) {
      return undiciFetch(`${upstream.url}/${word}`, signal ? { signal } : {});
    }
  }

  const start = async () => {
    const app = await startContext(rootModule({ providers: [Rates] }));
    const circuit = app.get(CircuitBreakerRegistry).get('rates');
    return { rates: app.get(Rates), circuit };
  };

  it("is cancelled by the call's signal at the timeout", async () => {
    const { rates, circuit } = await start();
    upstream.mode = 'hang';

    await expect(rates.rate('EUR')).rejects.toMatchObject({
      code: 'CALL_TIMEOUT',
    });
    await until(() => upstream.aborted === 1);
    expect(circuit.snapshot()).toMatchObject({
      inFlight: 0,
      totals: { failures: 1, timeouts: 1 },
    });
  });

  it("is cancelled by the caller's, which is no failure", async () => {
    const { rates, circuit } = await start();
    upstream.mode = 'hang';
    const caller = new AbortController();
    const answer = rates.rate('EUR', caller.signal);
    await until(() => upstream.requests === 1);
    caller.abort();

    await expect(answer).rejects.toMatchObject({ name: 'AbortError' });
    await until(() => upstream.aborted === 1);
    expect(circuit.snapshot().totals).toMatchObject({
      failures: 0,
      ignored: 1,
    });
  });

  it('fails by its status, because it does not throw', async () => {
    const { rates, circuit } = await start();
    upstream.mode = 'down';
    for (let calls = 0; calls < 3; calls++) {
      expect((await rates.rate('EUR')).status).toBe(500);
    }

    await expect(rates.rate('EUR')).rejects.toMatchObject({
      code: 'CIRCUIT_OPEN',
    });
    expect(circuit.state).toBe('open');
    expect(upstream.requests).toBe(3);
  });
});

const hasPostgres = hasServer('postgres');

(hasPostgres ? describe : describe.skip)('a TypeORM repository', () => {
  // Of this run's own, and gone with its connection.
  const table = `orders_${process.pid}`;

  @Entity({ name: table })
  class Order {
    @PrimaryColumn('int')
    id!: number;
    @Column('text')
    item!: string;
  }

  @Injectable()
  class Orders {
    constructor(
      @InjectRepository(Order) readonly repository: Repository<Order>,
    ) {}

    @CircuitBreaker('database', {
      consecutiveFailures: 2,
      openDuration: 200,
      openJitter: 0,
      halfOpen: { calls: 1 },
      ignoreErrors: [isConstraint],
    })
    async save(id: number, item: string) {
      return this.repository.insert({ id, item });
    }

    @CircuitBreaker('database', { fallback: () => [] })
    async all() {
      return this.repository.find({ order: { id: 'ASC' } });
    }

    @CircuitBreaker('slow', { timeout: 50 })
    async slow() {
      return this.repository.query('SELECT pg_sleep(0.3)');
    }
  }

  let app: INestApplicationContext;
  let orders: Orders;

  beforeEach(async () => {
    app = await startContext(
      rootModule({
        imports: [
          TypeOrmModule.forRoot({
            type: 'postgres',
            host: '127.0.0.1',
            port: SERVERS.postgres.port,
            username: 'postgres',
            database: 'postgres',
            entities: [Order],
            synchronize: true,
            dropSchema: false,
            retryAttempts: 0,
            extra: { max: 2 },
          }),
          TypeOrmModule.forFeature([Order]),
        ],
        providers: [Orders],
      }),
    );
    orders = app.get(Orders);
    await orders.repository.clear();
  });

  afterEach(async () => {
    await orders.repository.query(`DROP TABLE IF EXISTS ${table}`);
  });

  const totals = (name: string) =>
    app.get(CircuitBreakerRegistry).get(name).snapshot().totals;

  it('works behind a circuit, and an answer of the database is no failure of it', async () => {
    await orders.save(1, 'a book');
    await expect(orders.save(1, 'again')).rejects.toMatchObject({
      code: '23505',
    });

    expect(await orders.all()).toEqual([{ id: 1, item: 'a book' }]);
    expect(totals('database')).toMatchObject({
      successes: 2,
      ignored: 1,
      failures: 0,
    });
  });

  it('opens when the database breaks, falls back, and closes when it is back', async () => {
    await orders.save(1, 'a book');
    const rename = (from: string, to: string) =>
      orders.repository.query(`ALTER TABLE ${from} RENAME TO ${to}`);
    await rename(table, `${table}_gone`);
    expect(await orders.all()).toEqual([]);
    expect(await orders.all()).toEqual([]);
    await rename(`${table}_gone`, table);

    const circuit = app.get(CircuitBreakerRegistry).get('database');
    expect(circuit.state).toBe('open');
    expect(await orders.all()).toEqual([]);
    await expect(orders.save(2, 'a pen')).rejects.toMatchObject({
      code: 'CIRCUIT_OPEN',
    });
    await new Promise(resolve => setTimeout(resolve, 220));
    expect(await orders.all()).toEqual([{ id: 1, item: 'a book' }]);
    expect(circuit.state).toBe('closed');
  });

  it('answers at the timeout; the query itself goes on, for it has no signal', async () => {
    await expect(orders.slow()).rejects.toMatchObject({ code: 'CALL_TIMEOUT' });
    expect(totals('slow')).toMatchObject({ timeouts: 1, failures: 1 });
  });
});

/** Class 23 of PostgreSQL: the database works, the data does not fit. */
function isConstraint(error: unknown): boolean {
  return (
    error instanceof Error &&
    'code' in error &&
    String(error.code).startsWith('23')
  );
}

async function until(holds: () => boolean): Promise<void> {
  for (let turns = 0; !holds(); turns++) {
    if (turns === 500) throw new Error('it did not come to that');
    await new Promise(resolve => setTimeout(resolve, 4));
  }
}
