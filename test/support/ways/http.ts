import { expect } from '@jest/globals';
import {
  Controller,
  Get,
  Inject,
  Query,
  Res,
  Sse,
  StreamableFile,
  type ExecutionContext,
  type Type,
} from '@nestjs/common';
import type { AbstractHttpAdapter } from '@nestjs/core';
import { map, type Observable } from 'rxjs';
import { closeApp, plainModule, PLATFORMS, startHttp } from '../nest-app.js';
import { Above, Below } from './enhancers.js';
import { Upstream } from './upstream.js';
import type { Blueprint, Refusal, Seen, Way } from './way.js';

interface Response {
  send(body: unknown): void;
}

type Handler = Pick<Way, 'define'> &
  Partial<Pick<Way, 'beginsWithinMs' | 'fallback' | 'refusal'>>;

const HANDLERS: Readonly<Record<string, Handler>> = {
  'a promise': {
    define({ pattern, onClass, onMethod, signal }: Blueprint): Type {
      @Controller()
      @onClass
      class Handlers {
        constructor(@Inject(Upstream) private readonly upstream: Upstream) {}

        @Above()
        @Get(pattern)
        @onMethod
        @Below()
        async ask(@Query('word') word: string, @signal given?: AbortSignal) {
          return this.upstream.ask(word, given);
        }
      }
      return Handlers;
    },
  },
  'an Observable': {
    define({ pattern, onClass, onMethod }: Blueprint): Type {
      @onClass
      @Controller()
      class Handlers {
        constructor(@Inject(Upstream) private readonly upstream: Upstream) {}

        @onMethod
        @Above()
        @Get(pattern)
        @Below()
        ask(@Query('word') word: string): Observable<string> {
          return this.upstream.ask$(word);
        }
      }
      return Handlers;
    },
  },
  'server-sent events': {
    define({ pattern, onClass, onMethod }: Blueprint): Type {
      @onClass
      @Controller()
      class Handlers {
        constructor(@Inject(Upstream) private readonly upstream: Upstream) {}

        @Above()
        @Sse(pattern)
        @onMethod
        @Below()
        ask(@Query('word') word: string): Observable<{ data: string }> {
          return this.upstream.ask$(word).pipe(map(data => ({ data })));
        }
      }
      return Handlers;
    },
    // Nest sends the head a moment after it has subscribed; an error before that is a status.
    beginsWithinMs: 250,
    refusal: refusal =>
      // The stream has begun, so it is told in the stream.
      refusal.code === 'CALL_TIMEOUT'
        ? {
            status: 200,
            event: 'error',
            data: expect.stringContaining(
              `A call of "${refusal.circuit}" did not end`,
            ),
          }
        : httpRefusal(refusal),
    fallback: () => ({ data: 'fallback' }),
  },
  '@Res()': {
    define({ pattern, onClass, onMethod, signal }: Blueprint): Type {
      @Controller()
      @onClass
      class Handlers {
        constructor(@Inject(Upstream) private readonly upstream: Upstream) {}

        @Above()
        @onMethod
        @Get(pattern)
        @Below()
        async ask(
          @Query('word') word: string,
          @Res() response: Response,
          @signal given?: AbortSignal,
        ) {
          response.send(await this.upstream.ask(word, given));
        }
      }
      return Handlers;
    },
    // Whoever takes the response answers it, the fallback too.
    fallback: (_error: unknown, ...args: unknown[]) =>
      responseOf(args).send('fallback'),
  },
  'a StreamableFile': {
    define({ pattern, onClass, onMethod, signal }: Blueprint): Type {
      @Controller()
      @onClass
      class Handlers {
        constructor(@Inject(Upstream) private readonly upstream: Upstream) {}

        @Above()
        @Get(pattern)
        @onMethod
        @Below()
        async ask(@Query('word') word: string, @signal given?: AbortSignal) {
          const text = await this.upstream.ask(word, given);
          return new StreamableFile(Buffer.from(text));
        }
      }
      return Handlers;
    },
    fallback: () => new StreamableFile(Buffer.from('fallback')),
  },
};

function responseOf(args: readonly unknown[]): Response {
  // On a method its own arguments; behind the interceptor the context of the call.
  return args.length === 1
    ? (args[0] as ExecutionContext).switchToHttp().getResponse<Response>()
    : (args[1] as Response);
}

function httpRefusal({ code, circuit, retryAfter }: Refusal): unknown {
  return {
    status: code === 'CALL_TIMEOUT' ? 504 : 503,
    ...(retryAfter !== null && { retryAfter: String(retryAfter / 1000) }),
    body: { code, circuit, retryAfter },
  };
}

function waysOf(platform: string, adapter: () => AbstractHttpAdapter): Way[] {
  return Object.entries(HANDLERS).map(([kind, handler]) => ({
    name: `HTTP on ${platform}: ${kind}`,
    refusal: httpRefusal,
    start: async (controllers, metadata) => {
      const { app, url } = await startHttp(
        plainModule({ ...metadata, controllers: [...controllers] }),
        adapter,
      );
      return {
        get: token => app.get(token, { strict: false }),
        ask: (pattern, word) => get(`${url}/${pattern}?word=${word}`),
        close: () => closeApp(app),
      };
    },
    ...handler,
  }));
}

async function get(url: string): Promise<Seen> {
  const response = await fetch(url, { headers: { connection: 'close' } });
  const { status, headers } = response;
  const text = await response.text();
  if (headers.get('content-type')?.startsWith('text/event-stream')) {
    const field = (name: string) =>
      new RegExp(`^${name}: (.*)$`, 'm').exec(text)?.[1];
    return field('event') === 'error'
      ? { error: { status, event: 'error', data: field('data') } }
      : { value: field('data') };
  }
  if (response.ok) return { value: text };
  const retryAfter = headers.get('retry-after');
  return { error: { status, retryAfter, body: JSON.parse(text) as unknown } };
}

/** Every kind of HTTP handler on both platforms. */
export const HTTP_WAYS: readonly Way[] = PLATFORMS.flatMap(([name, adapter]) =>
  waysOf(name, adapter),
);
