import type { ModuleRef, ModulesContainer } from '@nestjs/core';
import { catchError, isObservable, throwError } from 'rxjs';
import {
  graphqlExtensions,
  type GraphqlExtensions,
} from '../errors/graphql-extensions.js';
import { isRejection, type Rejection } from '../errors/rejection.js';
import { withoutStack } from '../errors/without-stack.js';
import { prototypeChain } from './protection-metadata.accessor.js';
import { providerClassesOf, wrappersOf } from './provider-classes.js';
import { isHandlerOf, TRANSPORTS, type Transport } from './transport.js';

/** `RpcException`, `WsException` (Nest's filters look for the very class), or {@link GraphqlRejection}. */
type TransportException = new (payload: RejectionPayload) => Error;

/** What clients of RPC and WebSocket get. */
interface RejectionPayload extends Pick<
  Rejection,
  'message' | 'circuit' | 'code' | 'retryAfter'
> {
  readonly status: 'error';
}

/**
 * Puts rejections of ours into the words of a transport, because Nest shows the
 * clients of RPC and WebSocket nothing of other errors, and on Apollo has a code
 * of its own for every HTTP exception. The new error still is a
 * rejection (`isRejection`), and its `cause` is the original.
 *
 * @internal
 */
export class TransportErrors {
  constructor(
    private readonly classes: ReadonlyMap<Transport, TransportException>,
  ) {}

  /**
   * With the classes of the packages that an application has handlers of; it has
   * loaded them itself. The others may not be installed.
   */
  static async load(modules: ModulesContainer): Promise<TransportErrors> {
    const prototypes = providerClassesOf(wrappersOf(modules)).map(
      ({ prototype }) => prototype,
    );
    const classes = new Map<Transport, TransportException>();
    for (const transport of TRANSPORTS) {
      if (!prototypes.some(each => hasHandlerOf(transport, each))) continue;
      const found = await LOADERS[transport]();
      if (found !== undefined) classes.set(transport, found);
    }
    return new TransportErrors(classes);
  }

  /** A rejection in the transport's words; every other error as it is. */
  translate(error: unknown, transport: Transport): unknown {
    const Exception = this.classes.get(transport);
    if (
      Exception === undefined ||
      !isRejection(error) ||
      error instanceof Exception
    ) {
      return error;
    }
    const { message, circuit, code, retryAfter } = error;
    const fields = { circuit, code, retryAfter };
    const translated = withoutStack(
      () => new Exception({ status: 'error', message, ...fields }),
    );
    return Object.assign(translated, fields, { cause: error });
  }

  /** An answer, of any kind, whose error is in the transport's words. */
  translateAnswer(answer: unknown, transport: Transport): unknown {
    if (isObservable(answer)) {
      return answer.pipe(
        catchError(error => throwError(() => this.translate(error, transport))),
      );
    }
    if (answer instanceof Promise) {
      return answer.catch((error: unknown) => {
        throw this.translate(error, transport);
      });
    }
    return answer;
  }
}

/** Where an application keeps its {@link TransportErrors}. */
export const TRANSPORT_ERRORS: unique symbol = Symbol.for(
  'nestjs-breaker:transport-errors',
);

/** The {@link TransportErrors} of the application that a `ModuleRef` belongs to. */
export function transportErrorsOf(moduleRef: ModuleRef): TransportErrors {
  return moduleRef.get<TransportErrors>(TRANSPORT_ERRORS, { strict: false });
}

/** GraphQL servers take an error's extensions from whatever a resolver throws. */
class GraphqlRejection extends Error {
  readonly extensions: GraphqlExtensions;

  constructor(payload: RejectionPayload) {
    super(payload.message);
    this.extensions = graphqlExtensions(payload);
  }
}

const LOADERS: Readonly<
  Record<Transport, () => Promise<TransportException | undefined>>
> = {
  rpc: () =>
    import('@nestjs/microservices').then(
      ({ RpcException }) => RpcException,
      () => undefined,
    ),
  ws: () =>
    import('@nestjs/websockets').then(
      ({ WsException }) => WsException,
      () => undefined,
    ),
  graphql: () => Promise.resolve(GraphqlRejection),
};

function hasHandlerOf(transport: Transport, prototype: object): boolean {
  return prototypeChain(prototype).some(each =>
    Object.values(Object.getOwnPropertyDescriptors(each)).some(({ value }) =>
      isHandlerOf(transport, value),
    ),
  );
}
