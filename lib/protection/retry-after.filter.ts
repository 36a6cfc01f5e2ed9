import {
  Catch,
  type ArgumentsHost,
  type ExceptionFilter,
} from '@nestjs/common';
import { FILTER_CATCH_EXCEPTIONS } from '@nestjs/common/constants.js';
import { BaseExceptionFilter, type HttpAdapterHost } from '@nestjs/core';
import { isRejection, type Rejection } from '../errors/rejection.js';

/** What `@Catch()` is given: Nest asks with `instanceof`, we answer by code. */
// `instanceof` needs a class, be it an empty one.
// oxlint-disable-next-line typescript/no-extraneous-class
abstract class AnyRejection {
  static [Symbol.hasInstance](value: unknown): boolean {
    return isRejection(value);
  }
}

/** Marks the filter's instances: two copies of this package have two classes. */
export const RETRY_AFTER_FILTER: unique symbol = Symbol.for(
  'nestjs-breaker:retry-after-filter',
);

/**
 * Sets `Retry-After` on the HTTP answers to our rejections and leaves the answer
 * itself to the filter that would have given it. Nest asks it for no other error.
 */
@Catch(AnyRejection)
export class RetryAfterFilter implements ExceptionFilter<Rejection> {
  readonly [RETRY_AFTER_FILTER] = true;

  /**
   * @param others the global filters beside this one, the one to ask first at the front
   */
  constructor(
    private readonly others: () => readonly ExceptionFilter[],
    private readonly adapterHost: HttpAdapterHost,
  ) {}

  /** @returns what the other filter returns; nothing, outside HTTP, stands for "not handled" */
  catch(rejection: Rejection, host: ArgumentsHost): unknown {
    const isHttp = host.getType() === 'http';
    if (isHttp) setRetryAfter(rejection, host);
    const filter = this.others().find(other => takes(other, rejection));
    if (filter !== undefined) return filter.catch(rejection, host);
    if (!isHttp) return undefined;
    return new BaseExceptionFilter(this.adapterHost.httpAdapter).catch(
      rejection,
      host,
    );
  }
}

/** A response of Express or Fastify, or of Node itself, which is what a middleware on Fastify gets. */
interface HttpResponse {
  /** Fastify's takes headers that come too late, and does nothing with them. */
  readonly headersSent?: boolean;
  header?(name: string, value: string): void;
  setHeader(name: string, value: string): void;
}

// Not through the adapter: that of Nest 11 does not know the response of a middleware on Fastify.
function setRetryAfter({ retryAfter }: Rejection, host: ArgumentsHost): void {
  const response = host.switchToHttp().getResponse<HttpResponse>();
  if (retryAfter === null || response.headersSent === true) return;
  const seconds = String(Math.max(1, Math.ceil(retryAfter / 1000)));
  if (response.header === undefined) response.setHeader('Retry-After', seconds);
  else response.header('Retry-After', seconds);
}

/** Whether Nest would choose a filter for an error. */
function takes(filter: ExceptionFilter, error: unknown): boolean {
  if (RETRY_AFTER_FILTER in filter) return false;
  const types = caughtBy(filter);
  return types.length === 0 || types.some(type => error instanceof type);
}

function caughtBy(filter: ExceptionFilter): Function[] {
  const prototype = Object.getPrototypeOf(filter) as object;
  const types: unknown =
    Reflect.getMetadata(FILTER_CATCH_EXCEPTIONS, prototype) ??
    Reflect.getMetadata(FILTER_CATCH_EXCEPTIONS, prototype.constructor) ??
    [];
  return types as Function[];
}
