import { expect } from '@jest/globals';
import { Inject, type Type } from '@nestjs/common';
import { ApolloDriver, type ApolloDriverConfig } from '@nestjs/apollo';
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
import { createClient } from 'graphql-ws';
import { WebSocket } from 'ws';
import { plainModule, startHttp } from '../nest-app.js';
import { Above, Below } from './enhancers.js';
import { Upstream } from './upstream.js';
import type { Blueprint, Seen, Way } from './way.js';

@ObjectType()
class Thing {
  @Field(() => String)
  id = 'thing';
}

@Resolver(() => Thing)
class ThingResolver {
  @Query(() => Thing)
  thing(): Thing {
    return new Thing();
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

function fields(blueprint: Blueprint): Type {
  const { pattern, onClass, onMethod, signal } = blueprint;
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

function way(
  kind: string,
  define: Way['define'],
  write: (pattern: string, word: string) => string,
  send: Send = post,
  rest: Partial<Way> = {},
): Way {
  return {
    name: `GraphQL: a ${kind}`,
    define,
    refusal: extensions => ({ message: expect.any(String), extensions }),
    start: async (resolvers, metadata) => {
      const { app, url } = await startHttp(
        plainModule({
          imports: [
            ...(metadata.imports ?? []),
            GraphQLModule.forRoot<ApolloDriverConfig>({
              driver: ApolloDriver,
              autoSchemaFile: true,
              graphiql: false,
              fieldResolverEnhancers: ['guards', 'interceptors', 'filters'],
              subscriptions: { 'graphql-ws': true },
            }),
          ],
          providers: [
            ...(metadata.providers ?? []),
            ...resolvers,
            ThingResolver,
          ],
        }),
      );
      return {
        get: token => app.get(token, { strict: false }),
        ask: async (pattern, word) => {
          const answer = await send(`${url}/graphql`, write(pattern, word));
          return seenIn(answer, pattern);
        },
        close: () => app.close(),
      };
    },
    ...rest,
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

/** What a GraphQL server resolves, on Apollo. */
export const GRAPHQL_WAYS: readonly Way[] = [
  way('query', queries, (name, word) => `{ ${name}(word: "${word}") }`),
  way(
    'mutation',
    mutations,
    (name, word) => `mutation { ${name}(word: "${word}") }`,
  ),
  way(
    'field resolver',
    fields,
    (name, word) => `{ thing { ${name}(word: "${word}") } }`,
  ),
  way(
    'subscription',
    subscriptions,
    (name, word) => `subscription { ${name}(word: "${word}") }`,
    subscribe,
    {
      fallback: () => once({ [`falls_${process.pid}`]: 'fallback' }),
    },
  ),
];
