import type {
  ReadableSpan,
  SpanProcessor,
} from '@opentelemetry/sdk-trace-base';

const most = 50;

/** The last requests in which a circuit changed, refused or fell back. A real shop exports all to its collector. */
export class RecentSpans implements SpanProcessor {
  private readonly spans: ReadableSpan[] = [];

  onStart() {}

  onEnd(span: ReadableSpan) {
    if (span.events.length === 0) return;
    this.spans.push(span);
    if (this.spans.length <= most) return;
    // Refusals are many, and changes of state are what people look for.
    const oldest = this.spans.findIndex(each => !hasTransition(each));
    this.spans.splice(Math.max(oldest, 0), 1);
  }

  /** The newest first. */
  list() {
    return this.spans.toReversed().map(span => ({
      traceId: span.spanContext().traceId,
      request: span.name,
      at: new Date(span.startTime[0] * 1_000),
      durationMs: span.duration[0] * 1_000 + span.duration[1] / 1e6,
      events: span.events.map(({ name, attributes }) => ({
        name,
        ...attributes,
      })),
    }));
  }

  async forceFlush() {}

  async shutdown() {}
}

function hasTransition({ events }: ReadableSpan): boolean {
  return events.some(({ name }) => name === 'circuit_breaker.transition');
}
