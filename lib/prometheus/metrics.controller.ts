import {
  Controller,
  Get,
  Inject,
  Res,
  VERSION_NEUTRAL,
  type Type,
} from '@nestjs/common';
import type { Registry } from 'prom-client';
import { CIRCUIT_BREAKER_METRICS_REGISTRY } from './metrics-registry-token.js';

/** What answers of Express and Fastify have in common. */
interface Answer {
  header(name: string, value: string): Answer;
  send(body: string): unknown;
}

/** A controller that serves the metrics at a path. */
export function metricsController(path: string): Type {
  // Also in an application whose routes have versions: scrapers know one path.
  @Controller({ path, version: VERSION_NEUTRAL })
  class CircuitMetricsController {
    constructor(
      @Inject(CIRCUIT_BREAKER_METRICS_REGISTRY)
      private readonly metrics: Registry,
    ) {}

    /** Answers by itself, so that no interceptor of the application wraps the text. */
    @Get()
    async read(@Res() answer: Answer): Promise<void> {
      const text = await this.metrics.metrics();
      answer
        .header('Content-Type', this.metrics.contentType)
        .header('Cache-Control', 'no-store')
        .send(text);
    }
  }
  return CircuitMetricsController;
}
