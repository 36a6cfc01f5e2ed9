import { afterEach, describe, expect, it } from '@jest/globals';
import {
  Catch,
  Controller,
  Get,
  Inject,
  Injectable,
  Scope,
  UseFilters,
  UseInterceptors,
  type ExceptionFilter,
  type Type,
} from '@nestjs/common';
import { Args, Query, Resolver } from '@nestjs/graphql';
import {
  ClientProxyFactory,
  MessagePattern,
  Payload,
  RpcException,
  Transport,
} from '@nestjs/microservices';
import { SubscribeMessage, WebSocketGateway } from '@nestjs/websockets';
import { firstValueFrom, throwError } from 'rxjs';
import {
  CircuitBreaker,
  CircuitBreakerInterceptor,
  CircuitBreakerModule,
  CircuitBreakerRegistry,
  isRejection,
} from '../../lib/index.js';
import {
  closeApps,
  rootModule,
  startHttp,
  startTcp,
} from '../support/nest-app.js';
import { GATEWAY_WAYS, onWs } from '../support/ways/gateway.js';
import { GRAPHQL_WAYS } from '../support/ways/graphql.js';
import { RPC_WAYS } from '../support/ways/rpc.js';
import type { Session, Way } from '../support/ways/way.js';

const closing: { close(): unknown }[] = [];

afterEach(async () => {
  for (const each of closing.splice(0)) await each.close();
  await closeApps();
});

/** A service underneath the handlers, behind a circuit of its own. */
@Injectable()
class Service {
  @CircuitBreaker('underneath')
  async call(word: string) {
    return word;
  }
}

@CircuitBreaker('handler')
@Controller()
class Messages {
  constructor(@Inject(Service) private readonly service: Service) {}
  @MessagePattern('ask')
  async ask(@Payload() word: string): Promise<unknown> {
    return this.service.call(word);
  }
}

function gateway(): Type {
  @CircuitBreaker('handler')
  @WebSocketGateway()
  class Gateway {
    constructor(@Inject(Service) private readonly service: Service) {}
    @SubscribeMessage('ask')
    async ask() {
      return { event: 'answer', data: await this.service.call('word') };
    }
  }
  return Gateway;
}

@CircuitBreaker('handler')
@Resolver()
class Queries {
  constructor(@Inject(Service) private readonly service: Service) {}
  @Query(() => String)
  async ask(@Args('word') word: string): Promise<string> {
    return this.service.call(word);
  }
}

/** By name, called on the instance, of a request-scoped class too. */
@CircuitBreaker('handler', { fallback: 'answerAnyway' })
@Controller({ scope: Scope.REQUEST })
class ScopedMessages extends Messages {
  private readonly answer = 'instead';
  answerAnyway(_error: unknown) {
    return this.answer;
  }
}

@CircuitBreaker('handler', { fallback: 'answerAnyway' })
@Injectable({ scope: Scope.REQUEST })
@Resolver()
class ScopedQueries extends Queries {
  private readonly answer = 'instead';
  answerAnyway(_error: unknown) {
    return this.answer;
  }
}

const IMPORTS = { imports: [CircuitBreakerModule.forRoot()] };

async function start(way: Way, handlers: Type): Promise<Session> {
  const session = await way.start([handlers], {
    ...IMPORTS,
    providers: [Service],
  });
  closing.push(session);
  return session;
}

const circuitOf = (session: Session, name: string) =>
  session.get(CircuitBreakerRegistry).get(name);

describe.each<[string, Way, Type]>([
  ['RPC', RPC_WAYS[0]!, Messages],
  ['socket.io', GATEWAY_WAYS[0]!, gateway()],
  ['ws', GATEWAY_WAYS[1]!, onWs(gateway())],
  ['GraphQL', GRAPHQL_WAYS[0]!, Queries],
])('a decorated class on %s', (name, way, handlers) => {
  const refusal = (circuit: string) => {
    const fields = { code: 'CIRCUIT_OPEN', circuit, retryAfter: null };
    return name === 'GraphQL'
      ? { error: { extensions: fields } }
      : { error: fields };
  };

  it('tells the rejections of services underneath, which are no failures of its own', async () => {
    const session = await start(way, handlers);
    circuitOf(session, 'underneath').forceOpen();

    expect(await session.ask('ask', 'word')).toMatchObject(
      refusal('underneath'),
    );
    expect(circuitOf(session, 'handler').snapshot().totals).toMatchObject({
      ignored: 1,
      failures: 0,
    });
  });

  it("leaves other errors to Nest, so that nothing of them is told that wasn't before", async () => {
    const session = await start(way, handlers);
    const service = session.get(Service);
    service.call = () => Promise.reject(new Error('a secret'));

    const { error } = (await session.ask('ask', 'word')) as { error: object };

    expect(error).not.toHaveProperty('code');
    if (name !== 'GraphQL') {
      expect(JSON.stringify(error)).not.toContain('secret');
    }
  });
});

describe('an undecorated resolver', () => {
  @Resolver()
  class Undecorated {
    constructor(@Inject(Service) private readonly service: Service) {}
    @Query(() => String)
    async ask(@Args('word') word: string): Promise<string> {
      return this.service.call(word);
    }
  }

  it.each(GRAPHQL_WAYS.filter(({ name }) => name.endsWith('a query')))(
    '$name: shows the fields of a rejection from underneath; on Apollo Nest has a code of its own',
    async way => {
      const session = await start(way, Undecorated);
      circuitOf(session, 'underneath').forceOpen();

      expect(await session.ask('ask', 'word')).toMatchObject({
        error: {
          extensions: {
            code: way.name.includes('Apollo')
              ? expect.not.stringMatching('CIRCUIT_OPEN')
              : 'CIRCUIT_OPEN',
            circuit: 'underneath',
            retryAfter: null,
          },
        },
      });
    },
  );
});

describe('fallbacks named by a method of a request-scoped class', () => {
  it.each<[string, Way, Type]>([
    ['RPC', RPC_WAYS[0]!, ScopedMessages],
    ['GraphQL', GRAPHQL_WAYS[0]!, ScopedQueries],
  ])('answer on %s', async (_name, way, handlers) => {
    const session = await start(way, handlers);
    circuitOf(session, 'underneath').forceOpen();

    expect(await session.ask('ask', 'word')).toEqual({ value: 'instead' });
  });

  it('are called on the instance that serves the request, on GraphQL', async () => {
    @CircuitBreaker('handler', { fallback: 'answerAnyway' })
    @Injectable({ scope: Scope.REQUEST })
    @Resolver()
    class Remembering {
      private asked = 'nothing';
      @Query(() => String)
      async ask(@Args('word') word: string): Promise<string> {
        this.asked = word;
        throw new Error('down');
      }
      answerAnyway(_error: unknown) {
        return `instead of ${this.asked}`;
      }
    }
    const session = await start(GRAPHQL_WAYS[0]!, Remembering);

    expect(await session.ask('ask', 'word')).toEqual({
      value: 'instead of word',
    });
  });
});

describe("a user's own filter", () => {
  it('gets an RpcException that still is a rejection, with the original as its cause', async () => {
    const caught: unknown[] = [];
    @Catch(RpcException)
    class Filter implements ExceptionFilter {
      catch(error: RpcException) {
        caught.push(error);
        return throwError(() => 'in our own words');
      }
    }
    @Controller()
    class Handlers {
      @MessagePattern('ask')
      @UseFilters(Filter)
      @CircuitBreaker('handler')
      async ask() {
        return 'answer';
      }
    }
    const session = await start(RPC_WAYS[0]!, Handlers);
    circuitOf(session, 'handler').forceOpen();

    expect(await session.ask('ask', '')).toEqual({
      error: 'in our own words',
    });
    const [error] = caught as [RpcException];
    expect(isRejection(error)).toBe(true);
    expect(error.cause).toMatchObject({ name: 'CircuitOpenException' });
  });
});

describe('a handler that answers at once', () => {
  @Controller()
  class Plain {
    @MessagePattern('ask')
    @CircuitBreaker('handler')
    ask(): string {
      return 'answer';
    }
  }

  it('is refused in the words of its transport', async () => {
    const session = await start(RPC_WAYS[0]!, Plain);
    circuitOf(session, 'handler').forceOpen();

    expect(await session.ask('ask', '')).toMatchObject({
      error: { code: 'CIRCUIT_OPEN', circuit: 'handler' },
    });
  });
});

describe('the other rejections', () => {
  @Controller()
  class Limited {
    @MessagePattern('rate')
    @CircuitBreaker('rate', { rateLimit: { limit: 1, interval: '1h' } })
    async rate() {
      return 'answer';
    }
    @MessagePattern('full')
    @CircuitBreaker('full', { bulkhead: { maxConcurrent: 1 } })
    async full() {
      return new Promise(() => {});
    }
  }

  it.each([
    ['RATE_LIMITED', 'rate', expect.any(Number)],
    ['BULKHEAD_FULL', 'full', null],
  ])('%s has the same fields', async (code, circuit, retryAfter) => {
    const session = await start(RPC_WAYS[0]!, Limited);
    const first = session.ask(circuit, '');
    void first.catch(() => {});

    expect(await session.ask(circuit, '')).toMatchObject({
      error: { status: 'error', code, circuit, retryAfter },
    });
  });
});

describe('a handler of HTTP and of messages', () => {
  @Controller()
  class Both {
    @Get('both')
    @MessagePattern('both')
    @UseInterceptors(CircuitBreakerInterceptor)
    @CircuitBreaker('both')
    async both() {
      return 'answer';
    }
  }

  it('answers each in its own words behind the interceptor, which knows by which one a call came', async () => {
    const { app, url } = await startHttp(rootModule({ controllers: [Both] }));
    const port = await startTcp(app);
    const client = ClientProxyFactory.create({
      transport: Transport.TCP,
      options: { host: '127.0.0.1', port },
    });
    closing.push(client);
    app.get(CircuitBreakerRegistry).get('both').forceOpen();

    expect((await fetch(`${url}/both`)).status).toBe(503);
    await expect(firstValueFrom(client.send('both', ''))).rejects.toMatchObject(
      { code: 'CIRCUIT_OPEN', circuit: 'both' },
    );
  });
});
