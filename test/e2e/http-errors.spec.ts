import type { ServerResponse } from 'node:http';
import { afterEach, describe, expect, it } from '@jest/globals';
import {
  Catch,
  Controller,
  Get,
  Injectable,
  NotFoundException,
  Res,
  Scope,
  UseFilters,
  type ArgumentsHost,
  type ExceptionFilter,
  type MiddlewareConsumer,
  type ModuleMetadata,
  type Type,
} from '@nestjs/common';
import {
  APP_FILTER,
  BaseExceptionFilter,
  ContextIdFactory,
  HttpAdapterHost,
  type AbstractHttpAdapter,
  type HostComponentInfo,
} from '@nestjs/core';
import { CircuitOpenException } from '../../lib/errors/circuit-open.exception.js';
import { CircuitBreaker } from '../../lib/protection/circuit-breaker.decorator.js';
import { CircuitBreakerRegistry } from '../../lib/registry/circuit-breaker.registry.js';
import {
  closeApps,
  PLATFORMS,
  rootModule,
  startHttp,
} from '../support/nest-app.js';

/** The user's own error format, on both platforms. */
@Catch()
class OwnFormat implements ExceptionFilter {
  readonly format: string = 'own';

  catch(error: Error, host: ArgumentsHost) {
    const response = host.switchToHttp().getResponse<{
      status(code: number): { send(body: unknown): void };
    }>();
    response
      .status(error instanceof CircuitOpenException ? 503 : 500)
      .send({ format: this.format, error: error.message });
  }
}

/** An own format for our errors alone. */
@Catch(CircuitOpenException)
class OwnFormatOfOurs extends OwnFormat {
  override readonly format = 'ours';
}

/** For errors of another kind. */
@Catch(NotFoundException)
class NotForOurs extends OwnFormat {
  override readonly format = 'not ours';
}

@Catch()
class Delegating extends BaseExceptionFilter {}

@Injectable({ scope: Scope.REQUEST })
@Catch()
class RequestScopedFormat extends OwnFormat {
  override readonly format = 'request-scoped';
}

@Injectable({ scope: Scope.TRANSIENT })
@Catch()
class TransientFormat extends OwnFormat {
  override readonly format = 'transient';
}

@Controller()
class Handlers {
  @Get('open')
  @CircuitBreaker('dependency')
  async open() {
    return 'answer';
  }

  @Get('other')
  async other() {
    throw new NotFoundException('other');
  }
}

@Controller({ scope: Scope.REQUEST })
class ScopedHandlers extends Handlers {}

const NESTS_BODY = {
  statusCode: 503,
  error: 'Service Unavailable',
  message: 'Circuit "dependency" is open',
  code: 'CIRCUIT_OPEN',
  circuit: 'dependency',
  retryAfter: expect.any(Number),
};

const openException = () => new CircuitOpenException('dependency', 42_001);

afterEach(closeApps);

type Prepare = Parameters<typeof startHttp>[2];

async function start(
  adapter: () => AbstractHttpAdapter,
  metadata: ModuleMetadata = {},
  prepare?: Prepare,
  controller: Type = Handlers,
) {
  const root = rootModule({ ...metadata, controllers: [controller] });
  const { app, url } = await startHttp(root, adapter, prepare);
  const circuit = app.get(CircuitBreakerRegistry).get('dependency');
  return { app, url, circuit };
}

/** Opens the circuit as a failing dependency would. */
function open({ circuit }: { circuit: { tryAcquire(): unknown } }): void {
  for (let i = 0; i < 10; i++) {
    (circuit.tryAcquire() as { failure(error: unknown): void }).failure(
      new Error('down'),
    );
  }
}

async function fetchOpen(url: string) {
  const response = await fetch(`${url}/open`);
  return {
    status: response.status,
    retryAfter: response.headers.get('retry-after'),
    body: (await response.json()) as unknown,
  };
}

describe.each(PLATFORMS)('a refusal on %s', (_platform, adapter) => {
  it('is answered with 503, a body that says why, and Retry-After in whole seconds', async () => {
    const app = await start(adapter);
    open(app);

    const { status, retryAfter, body } = await fetchOpen(app.url);

    expect(status).toBe(503);
    expect(body).toEqual(NESTS_BODY);
    const { retryAfter: milliseconds } = body as { retryAfter: number };
    // One to one and a third minutes, by the jitter of the opening.
    expect(milliseconds).toBeGreaterThan(55_000);
    expect(milliseconds).toBeLessThanOrEqual(78_000);
    expect(retryAfter).toBe(String(Math.ceil(milliseconds / 1000)));
  });

  it('has no Retry-After while nobody knows when', async () => {
    const app = await start(adapter);
    app.circuit.forceOpen();

    const { status, retryAfter, body } = await fetchOpen(app.url);

    expect(status).toBe(503);
    expect(retryAfter).toBeNull();
    expect(body).toMatchObject({ code: 'CIRCUIT_OPEN', retryAfter: null });
  });

  it('leaves other answers alone', async () => {
    const { url } = await start(adapter);

    const other = await fetch(`${url}/other`);
    const fine = await fetch(`${url}/open`);

    expect(other.status).toBe(404);
    expect(other.headers.get('retry-after')).toBeNull();
    expect(fine.status).toBe(200);
    expect(fine.headers.get('retry-after')).toBeNull();
  });

  describe.each<[string, ModuleMetadata, Prepare, object]>([
    [
      'APP_FILTER as a class',
      { providers: [{ provide: APP_FILTER, useClass: OwnFormat }] },
      undefined,
      { format: 'own' },
    ],
    [
      'APP_FILTER as a factory',
      {
        providers: [{ provide: APP_FILTER, useFactory: () => new OwnFormat() }],
      },
      undefined,
      { format: 'own' },
    ],
    [
      'a request-scoped APP_FILTER',
      { providers: [{ provide: APP_FILTER, useClass: RequestScopedFormat }] },
      undefined,
      { format: 'request-scoped' },
    ],
    [
      'a transient APP_FILTER',
      { providers: [{ provide: APP_FILTER, useClass: TransientFormat }] },
      undefined,
      { format: 'transient' },
    ],
    [
      'a request-scoped APP_FILTER beside a static one',
      {
        providers: [
          { provide: APP_FILTER, useClass: RequestScopedFormat },
          { provide: APP_FILTER, useClass: OwnFormat },
        ],
      },
      undefined,
      { format: 'request-scoped' },
    ],
    [
      'useGlobalFilters',
      {},
      app => app.useGlobalFilters(new OwnFormat()),
      { format: 'own' },
    ],
    [
      'useGlobalFilters with a filter that extends BaseExceptionFilter',
      {},
      app =>
        app.useGlobalFilters(
          new Delegating(app.get(HttpAdapterHost).httpAdapter),
        ),
      NESTS_BODY,
    ],
    [
      'several global filters: the last one that fits answers',
      { providers: [{ provide: APP_FILTER, useClass: OwnFormat }] },
      app => app.useGlobalFilters(new OwnFormatOfOurs(), new NotForOurs()),
      { format: 'ours' },
    ],
    [
      'global filters of which none fits',
      { providers: [{ provide: APP_FILTER, useClass: NotForOurs }] },
      undefined,
      NESTS_BODY,
    ],
  ])('with %s', (_name, metadata, prepare, expected) => {
    it.each([
      ['a static controller', Handlers],
      ['a request-scoped controller', ScopedHandlers],
    ])(
      'keeps the format and adds Retry-After, on %s',
      async (_kind, controller) => {
        const app = await start(adapter, metadata, prepare, controller);
        open(app);

        const { status, retryAfter, body } = await fetchOpen(app.url);

        expect(status).toBe(503);
        expect(body).toMatchObject(expected);
        expect(Number(retryAfter)).toBeGreaterThanOrEqual(55);
      },
    );
  });

  it('under a catch-all of @UseFilters keeps the format; Nest asks no other filter', async () => {
    @UseFilters(OwnFormat)
    @Controller()
    class Filtered extends Handlers {}
    const app = await start(adapter, {}, undefined, Filtered);
    open(app);

    const { status, retryAfter, body } = await fetchOpen(app.url);

    expect(status).toBe(503);
    expect(body).toMatchObject({ format: 'own' });
    expect(retryAfter).toBeNull();
  });

  it('under a @UseFilters for other errors has Retry-After', async () => {
    @UseFilters(NotForOurs)
    @Controller()
    class Filtered extends Handlers {}
    const app = await start(adapter, {}, undefined, Filtered);
    open(app);

    const { retryAfter, body } = await fetchOpen(app.url);

    expect(body).toEqual(NESTS_BODY);
    expect(retryAfter).not.toBeNull();
  });

  it('is recognised by its code, not by its class', async () => {
    class OfAnotherCopy extends Error {
      readonly circuit = 'dependency';
      readonly code = 'CIRCUIT_OPEN';
      readonly retryAfter = 0;
    }
    @Controller()
    class Foreign extends Handlers {
      @Get('foreign')
      foreign() {
        throw new OfAnotherCopy();
      }
    }
    const { url } = await start(
      adapter,
      {},
      app => app.useGlobalFilters(new OwnFormat()),
      Foreign,
    );

    const response = await fetch(`${url}/foreign`);

    expect(await response.json()).toMatchObject({ format: 'own' });
    expect(response.headers.get('retry-after')).toBe('1');
  });

  it('after the headers are sent ends the answer', async () => {
    @Controller()
    class Streaming {
      @Get('open')
      stream(@Res({ passthrough: true }) response: { raw?: ServerResponse }) {
        const raw = response.raw ?? (response as unknown as ServerResponse);
        raw.writeHead(200, { 'content-type': 'text/plain' }).write('begun');
        throw openException();
      }
    }
    @Catch()
    class Asked extends BaseExceptionFilter {
      static errors: unknown[] = [];
      override catch(error: unknown, host: ArgumentsHost) {
        Asked.errors.push(error);
        super.catch(error, host);
      }
    }
    const root = rootModule({ controllers: [Streaming] });
    const { url } = await startHttp(root, adapter, app =>
      app.useGlobalFilters(new Asked(app.get(HttpAdapterHost).httpAdapter)),
    );

    const response = await fetch(`${url}/open`);

    expect(response.status).toBe(200);
    expect(await response.text()).toBe('begun');
    expect(Asked.errors).toEqual([expect.any(CircuitOpenException)]);
  });

  it('is answered by the durable filter of its tenant, with Retry-After', async () => {
    @Injectable({ scope: Scope.REQUEST, durable: true })
    @Catch()
    class DurableFormat extends OwnFormat {
      static made = 0;
      override readonly format = `durable ${++DurableFormat.made}`;
    }
    const tenant = ContextIdFactory.create();
    ContextIdFactory.apply({
      attach: contextId => (info: HostComponentInfo) =>
        info.isTreeDurable ? tenant : contextId,
    });
    try {
      const app = await start(adapter, {
        providers: [{ provide: APP_FILTER, useClass: DurableFormat }],
      });
      open(app);

      const answers = [await fetchOpen(app.url), await fetchOpen(app.url)];

      for (const { retryAfter, body } of answers) {
        expect(body).toMatchObject({ format: 'durable 1' });
        expect(retryAfter).not.toBeNull();
      }
    } finally {
      ContextIdFactory.apply(undefined as never);
    }
  });

  it('in a middleware has Retry-After', async () => {
    const root = rootModule({ controllers: [Handlers] });
    Object.assign(root.prototype as object, {
      configure(consumer: MiddlewareConsumer) {
        consumer
          .apply(() => {
            throw openException();
          })
          .forRoutes('*path');
      },
    });
    const { url } = await startHttp(root, adapter);

    const { status, retryAfter, body } = await fetchOpen(url);

    expect(status).toBe(503);
    expect(body).toEqual(NESTS_BODY);
    expect(retryAfter).toBe('43');
  });
});
