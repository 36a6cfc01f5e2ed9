import { expect } from '@jest/globals';
import { Inject, type DynamicModule, type Type } from '@nestjs/common';
import { ApolloDriver, type ApolloDriverConfig } from '@nestjs/apollo';
import type { AbstractHttpAdapter } from '@nestjs/core';
import {
  Args,
  Field,
  GraphQLModule,
  Mutation,
  ObjectType,
  Query,
  ResolveField,
  Resolver,
  Subscription,
} from '@nestjs/graphql';
import { MercuriusDriver, type MercuriusDriverConfig } from '@nestjs/mercurius';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { createClient } from 'graphql-ws';
import { WebSocket } from 'ws';
import { closeApp, plainModule, PLATFORMS, startHttp } from '../nest-app.js';
import { Above, Below } from './enhancers.js';
import { Upstream } from './upstream.js';
import type { Blueprint, Seen, Way } from './way.js';

/** No server takes a schema without queries. */
@Resolver()
class Anything {
  @Query(() => String)
  anything(): string {
    return 'anything';
  }
}

function queries(blueprint: Blueprint): Type {
  const { pattern, onClass, onMethod, signal } = blueprint;
  @Resolver()
  @onClass
  class Handlers {
    constructor(@Inject(Upstream) private readonly upstream: Upstream) {}

    @Above()
    @Query(() => String, { name: pattern })
    @onMethod
    @Below()
    async ask(@Args('word') word: string, @signal given?: AbortSignal) {
      return this.upstream.ask(word, given);
    }
  }
  return Handlers;
}

function mutations(blueprint: Blueprint): Type {
  const { pattern, onClass, onMethod, signal } = blueprint;
  @onClass
  @Resolver()
  class Handlers {
    constructor(@Inject(Upstream) private readonly upstream: Upstream) {}

    @onMethod
    @Above()
    @Mutation(() => String, { name: pattern })
    @Below()
    async ask(@Args('word') word: string, @signal given?: AbortSignal) {
      return this.upstream.ask(word, given);
    }
  }
  return Handlers;
}

/** What has the queries that lead to the fields of a class. */
const roots = new Map<Type, Type>();

function fields(blueprint: Blueprint): Type {
  const { pattern, onClass, onMethod, signal } = blueprint;
  // Of its own: Nest 11 gives no more fields to a type that an application has had.
  @ObjectType(`Thing_${pattern}`)
  class Thing {
    @Field(() => String)
    id = 'thing';
  }

  @Resolver(() => Thing)
  class Root {
    @Query(() => Thing, { name: `thing_${pattern}` })
    thing(): Thing {
      return new Thing();
    }
  }

  @Resolver(() => Thing)
  @onClass
  class Handlers {
    constructor(@Inject(Upstream) private readonly upstream: Upstream) {}

    @Above()
    @ResolveField(pattern, () => String)
    @onMethod
    @Below()
    async ask(@Args('word') word: string, @signal given?: AbortSignal) {
      return this.upstream.ask(word, given);
    }
  }
  roots.set(Handlers, Root);
  return Handlers;
}

function subscriptions(blueprint: Blueprint): Type {
  const { pattern, onClass, onMethod, signal } = blueprint;
  @Resolver()
  @onClass
  class Handlers {
    constructor(@Inject(Upstream) private readonly upstream: Upstream) {}

    @Above()
    @Subscription(() => String, { name: pattern })
    @onMethod
    @Below()
    async ask(@Args('word') word: string, @signal given?: AbortSignal) {
      return once({ [pattern]: await this.upstream.ask(word, given) });
    }
  }
  return Handlers;
}

async function* once<T>(value: T): AsyncGenerator<T> {
  yield value;
}

/** What a client is answered, over HTTP or a socket alike. */
interface Answer {
  readonly data?: Record<string, unknown> | null;
  readonly errors?: readonly { readonly message: string }[];
}

type Send = (url: string, query: string) => Promise<Answer>;

/** One kind of resolver, on every server alike. */
interface Kind {
  readonly name: string;
  readonly define: Way['define'];
  write(pattern: string, word: string): string;
  readonly send: Send;
  readonly fallback?: Way['fallback'];
}

/** What executes the operations. */
interface GraphqlServer {
  readonly name: string;
  readonly adapter: () => AbstractHttpAdapter;
  module(): DynamicModule;
}

function way(
  { name, define, write, send, fallback }: Kind,
  server: GraphqlServer,
): Way {
  return {
    name: `GraphQL on ${server.name}: a ${name}`,
    define,
    refusal: extensions => ({ message: expect.any(String), extensions }),
    start: async (resolvers, metadata) => {
      const { app, url } = await startHttp(
        plainModule({
          imports: [...(metadata.imports ?? []), server.module()],
          providers: [
            ...(metadata.providers ?? []),
            ...resolvers,
            ...resolvers.flatMap(each => roots.get(each) ?? []),
            Anything,
          ],
        }),
        server.adapter,
      );
      return {
        get: token => app.get(token, { strict: false }),
        ask: async (pattern, word) => {
          const answer = await send(`${url}/graphql`, write(pattern, word));
          return seenIn(answer, pattern);
        },
        close: () => closeApp(app),
      };
    },
    ...(fallback && { fallback }),
  };
}

function seenIn({ data, errors }: Answer, pattern: string): Seen {
  if (errors !== undefined) return { error: errors[0] };
  const { thing = data } = (data ?? {}) as { thing?: Answer['data'] };
  return { value: thing?.[pattern] };
}

async function post(url: string, query: string): Promise<Answer> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', connection: 'close' },
    body: JSON.stringify({ query }),
  });
  return (await response.json()) as Answer;
}

async function subscribe(url: string, query: string): Promise<Answer> {
  const client = createClient({
    url: url.replace('http', 'ws'),
    webSocketImpl: WebSocket,
  });
  try {
    return await new Promise<Answer>((resolve, reject) => {
      client.subscribe<Record<string, unknown>>(
        { query },
        {
          next: answer => resolve(answer as Answer),
          error: error =>
            Array.isArray(error)
              ? resolve({ errors: error as Answer['errors'] & object })
              : reject(error as Error),
          complete: () => {},
        },
      );
    });
  } finally {
    await client.dispose();
  }
}

const KINDS: readonly Kind[] = [
  {
    name: 'query',
    define: queries,
    write: (name, word) => `{ ${name}(word: "${word}") }`,
    send: post,
  },
  {
    name: 'mutation',
    define: mutations,
    write: (name, word) => `mutation { ${name}(word: "${word}") }`,
    send: post,
  },
  {
    name: 'field resolver',
    define: fields,
    write: (name, word) =>
      `{ thing: thing_${name} { ${name}(word: "${word}") } }`,
    send: post,
  },
  {
    name: 'subscription',
    define: subscriptions,
    write: (name, word) => `subscription { ${name}(word: "${word}") }`,
    send: subscribe,
    fallback: () => once({ [`falls_${process.pid}`]: 'fallback' }),
  },
];

const ENHANCERS = {
  autoSchemaFile: true,
  fieldResolverEnhancers: ['guards', 'interceptors', 'filters'],
} satisfies Partial<ApolloDriverConfig>;

const SERVERS: readonly GraphqlServer[] = [
  ...PLATFORMS.map(([name, adapter]) => ({
    name: `Apollo and ${name}`,
    adapter,
    module: () =>
      GraphQLModule.forRoot<ApolloDriverConfig>({
        ...ENHANCERS,
        driver: ApolloDriver,
        graphiql: false,
        subscriptions: { 'graphql-ws': true },
      }),
  })),
  {
    name: 'Mercurius',
    adapter: () => new FastifyAdapter() as AbstractHttpAdapter,
    module: () =>
      GraphQLModule.forRoot<MercuriusDriverConfig>({
        ...ENHANCERS,
        driver: MercuriusDriver,
        subscription: true,
      }),
  },
];

/** Every kind of resolver on every server; Apollo on Express comes first. */
export const GRAPHQL_WAYS: readonly Way[] = SERVERS.flatMap(server =>
  KINDS.map(kind => way(kind, server)),
);
