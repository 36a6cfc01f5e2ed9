import type { IncomingMessage, ServerResponse } from 'node:http';
import {
  type MiddlewareConsumer,
  Module,
  type NestModule,
} from '@nestjs/common';
import { context, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { BasicTracerProvider } from '@opentelemetry/sdk-trace-base';
import { RecentSpans } from './recent-spans.js';
import { TracesController } from './traces.controller.js';

/** A span for each request, as OpenTelemetry's instrumentation of HTTP makes them in a real shop. */
@Module({ controllers: [TracesController], providers: [RecentSpans] })
export class TracingModule implements NestModule {
  constructor(spans: RecentSpans) {
    context.setGlobalContextManager(
      new AsyncLocalStorageContextManager().enable(),
    );
    trace.setGlobalTracerProvider(
      new BasicTracerProvider({ spanProcessors: [spans] }),
    );
  }

  configure(consumer: MiddlewareConsumer) {
    const tracer = trace.getTracer('shop');
    consumer
      .apply(
        (
          { method, originalUrl }: IncomingMessage & { originalUrl: string },
          response: ServerResponse,
          next: () => void,
        ) =>
          tracer.startActiveSpan(`${method} ${originalUrl}`, span => {
            response.once('close', () => span.end());
            next();
          }),
      )
      .forRoutes('orders', 'products', 'recommendations');
  }
}
