import { Get, Sse } from '@nestjs/common';
import {
  Mutation,
  Query,
  ResolveField,
  ResolveReference,
  Subscription,
} from '@nestjs/graphql';
import { EventPattern, MessagePattern } from '@nestjs/microservices';
import { SubscribeMessage } from '@nestjs/websockets';
import { describe, expect, it } from '@jest/globals';
import {
  isHandler,
  transportOf,
  type Transport,
} from '../../lib/protection/transport.js';

// The decorators of Nest's own packages: their marks are no part of a public API.
const HANDLERS: [string, MethodDecorator, Transport | undefined][] = [
  ['@Get', Get(), undefined],
  ['@Sse', Sse(), undefined],
  ['@MessagePattern', MessagePattern('rates'), 'rpc'],
  ['@EventPattern', EventPattern('rates') as MethodDecorator, 'rpc'],
  ['@SubscribeMessage', SubscribeMessage('rates'), 'ws'],
  ['@Query', Query(() => String), 'graphql'],
  ['@Mutation', Mutation(() => String), 'graphql'],
  ['@Subscription', Subscription(() => String), 'graphql'],
  ['@ResolveField', ResolveField(() => String), 'graphql'],
  ['@ResolveReference', ResolveReference(), 'graphql'],
];

describe('a handler', () => {
  it.each(HANDLERS)('is what has %s', (_name, decorate, transport) => {
    const method = methodWith(decorate);

    expect(isHandler(method)).toBe(true);
    expect(transportOf(method)).toBe(transport);
  });

  it('is no method that Nest does not call', () => {
    const method = methodWith();

    expect(isHandler(method)).toBe(false);
    expect(transportOf(method)).toBeUndefined();
  });

  it('of two transports has no transport of its own', () => {
    const method = methodWith(MessagePattern('a'), SubscribeMessage('a'));

    expect(isHandler(method)).toBe(true);
    expect(transportOf(method)).toBeUndefined();
  });
});

/** A method with decorators. */
function methodWith(...decorators: MethodDecorator[]): unknown {
  class Handlers {
    handle(): string {
      return 'handled';
    }
  }
  const { prototype } = Handlers;
  for (const decorate of decorators) {
    const descriptor = Object.getOwnPropertyDescriptor(prototype, 'handle')!;
    decorate(prototype, 'handle', descriptor);
  }
  return Reflect.get(prototype, 'handle');
}
