import {
  Inject,
  Injectable,
  type CallHandler,
  type ExecutionContext,
  type NestInterceptor,
  type Type,
} from '@nestjs/common';
import { ContextIdFactory, ModuleRef } from '@nestjs/core';
import { finalize, Observable, throwError } from 'rxjs';
import { invoke } from '../circuit/invoke.js';
import { untilClientLeaves } from './client-disconnect.js';
import { guardOfHandler, type HandlerGuard } from './handler-guard.js';
import { INTERCEPTOR_MARK } from './intercepted-handlers.js';
import type { TransportErrors } from './transport-errors.js';
import { transportOfType, type Transport } from './transport.js';

/**
 * Lets the requests of a handler or of a whole controller go through a circuit
 * breaker. `@CircuitBreaker()` on a controller binds it; without a decorator the
 * circuit is called `Class.method`.
 *
 * While the circuit refuses, neither pipes nor the handler run. Fallbacks get the
 * error and the `ExecutionContext`. A client that leaves before the answer gives
 * the permit back.
 *
 * @example
 * @UseInterceptors(CircuitBreakerInterceptor)
 * @Get('rates')
 * rates() { … }
 */
@Injectable()
export class CircuitBreakerInterceptor implements NestInterceptor {
  /** @internal */
  static readonly [INTERCEPTOR_MARK] = true;

  private readonly guards = new WeakMap<object, Map<object, HandlerGuard>>();
  private readonly running = new WeakSet<ExecutionContext>();

  // Nothing but `ModuleRef`: every module with a decorated class instantiates it.
  constructor(@Inject(ModuleRef) private readonly moduleRef: ModuleRef) {}

  intercept(
    context: ExecutionContext,
    next: CallHandler,
  ): Observable<unknown> | Promise<Observable<unknown>> {
    const guard = this.guardOf(context.getClass(), context.getHandler());
    if (guard === undefined) return next.handle();
    const transport = transportOfType(context.getType());
    const answer = this.guarded(guard, context, next);
    return transport === undefined
      ? answer
      : inWordsOf(guard.errors, transport, answer);
  }

  private guarded(
    guard: HandlerGuard,
    context: ExecutionContext,
    next: CallHandler,
  ): Observable<unknown> | Promise<Observable<unknown>> {
    if (guard.isMethodProtected) return refuseEarly(guard, next);
    if (!guard.isBoundTwice) return this.protect(guard, context, next);
    if (this.running.has(context)) return next.handle();
    return this.protectOnce(guard, context, next);
  }

  private protect(
    guard: HandlerGuard,
    context: ExecutionContext,
    next: CallHandler,
  ): Observable<unknown> | Promise<Observable<unknown>> {
    return guard.needsController
      ? this.protectWithController(guard, context, next)
      : protectWith(guard, context, next, undefined);
  }

  private async protectWithController(
    guard: HandlerGuard,
    context: ExecutionContext,
    next: CallHandler,
  ): Promise<Observable<unknown>> {
    const controller = await this.controllerOf(context);
    return protectWith(guard, context, next, controller);
  }

  /** The second time around, inside the first, the call is already counted. */
  private async protectOnce(
    guard: HandlerGuard,
    context: ExecutionContext,
    next: CallHandler,
  ): Promise<Observable<unknown>> {
    this.running.add(context);
    const answer = await this.protect(guard, context, next);
    // An interceptor around this one may subscribe again: that is another call.
    return answer.pipe(finalize(() => this.running.delete(context)));
  }

  private guardOf(classRef: Type, handler: Function): HandlerGuard | undefined {
    let guards = this.guards.get(classRef);
    if (guards === undefined) this.guards.set(classRef, (guards = new Map()));
    let guard = guards.get(handler);
    if (guard === undefined) {
      guard = guardOfHandler(this.moduleRef, classRef, handler);
      if (guard !== undefined) guards.set(handler, guard);
    }
    return guard;
  }

  private controllerOf(context: ExecutionContext): Promise<unknown> {
    return this.moduleRef.resolve(
      context.getClass(),
      ContextIdFactory.getByRequest(requestOf(context)),
    );
  }
}

/** The place, among a handler's arguments, of what Nest keeps the scope of a request with. */
const REQUEST_AT: ReadonlyMap<string, number> = new Map([
  ['http', 0],
  ['graphql', 2],
]);

/** What shows the scope of a request; a message has nothing that does, and gets a scope of its own. */
function requestOf(context: ExecutionContext): Record<string, unknown> {
  return context.getArgByIndex(REQUEST_AT.get(context.getType())!);
}

/** Has the rejections of an answer told in the words of its transport, also those that come from underneath. */
function inWordsOf(
  errors: TransportErrors,
  transport: Transport,
  answer: Observable<unknown> | Promise<Observable<unknown>>,
): Observable<unknown> | Promise<Observable<unknown>> {
  const translate = (answers: Observable<unknown>) =>
    errors.translateAnswer(answers, transport) as Observable<unknown>;
  return answer instanceof Promise ? answer.then(translate) : translate(answer);
}

function protectWith(
  { circuit, plan, runsOn }: HandlerGuard,
  context: ExecutionContext,
  next: CallHandler,
  self: unknown,
): Observable<unknown> {
  return untilClientLeaves(
    context,
    next.handle() as Observable<unknown>,
    (handled, fallsBack) =>
      invoke(
        circuit,
        plan,
        () => handled,
        { args: [context], self, atHandler: true, runsOn, fallsBack },
        'observable',
      ) as Observable<unknown>,
  );
}

/** Refuses before pipes and uploads what the method itself would refuse after them, and without an answer. */
function refuseEarly(
  { circuit, plan }: HandlerGuard,
  next: CallHandler,
): Observable<unknown> {
  const rejection = plan.isBare ? circuit.pipeline.refuseEarly() : undefined;
  return rejection === undefined
    ? (next.handle() as Observable<unknown>)
    : throwError(() => rejection);
}
