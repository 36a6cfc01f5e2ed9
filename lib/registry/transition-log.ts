import { Logger } from '@nestjs/common';
import type { Circuit } from '../circuit/circuit.js';
import type { Clock } from '../state/clock.js';
import type { CircuitEvent } from '../state/events.js';
import { backgroundClock } from './background-clock.js';
import { CallerReport } from './caller-report.js';
import type { CircuitBreakerRegistry } from './circuit-breaker.registry.js';
import { logLine, type LineLogger } from './log-line.js';
import { levelOf, stateFields, transitionLine } from './transition-line.js';

/** Over so many lines of one name in a {@link SPAN_MS} they are only counted. */
const MOST_LINES = 10;
const SPAN_MS = 60_000;

/** A minute of one name's transitions. */
interface Span {
  readonly since: number;
  lines: number;
  untold: number;
  latest: Circuit;
  cancel: (() => void) | undefined;
}

/**
 * Logs each transition of each circuit in the words of `explain()`, and what it
 * means for callers. A name whose circuits flap gets ten lines a minute and one
 * that counts the others and says where it stands; overrides are always told.
 *
 * @returns what ends it
 */
export function logTransitions(
  registry: CircuitBreakerRegistry,
  logger: LineLogger = new Logger('CircuitBreaker'),
  clock: Pick<Clock, 'now' | 'schedule'> = backgroundClock,
): () => void {
  const log = new TransitionLog(logger, clock);
  const stop = registry.on(['transition'], (event, circuit) =>
    log.add(event as CircuitEvent<'transition'>, circuit),
  );
  return () => {
    stop();
    log.end();
  };
}

class TransitionLog {
  private readonly spans = new Map<string, Span>();
  private readonly callers = new CallerReport();

  constructor(
    private readonly logger: LineLogger,
    private readonly clock: Pick<Clock, 'now' | 'schedule'>,
  ) {}

  add(event: CircuitEvent<'transition'>, circuit: Circuit): void {
    const span = this.spanOf(circuit);
    span.latest = circuit;
    if (span.lines >= MOST_LINES && !isOrdered(event)) {
      this.putOff(span);
      return;
    }
    span.lines++;
    const counts = this.callers.since(circuit);
    const { level, sentence, fields } = transitionLine(event, circuit, counts);
    logLine(this.logger, level, sentence, fields);
  }

  /** Nothing more is logged, also not what was put off. */
  end(): void {
    for (const { cancel } of this.spans.values()) cancel?.();
    this.spans.clear();
  }

  private spanOf(circuit: Circuit): Span {
    const now = this.clock.now();
    let span = this.spans.get(circuit.name);
    if (span === undefined || now - span.since >= SPAN_MS) {
      span?.cancel?.();
      if (span !== undefined) this.tellUntold(span);
      span = {
        since: now,
        lines: 0,
        untold: 0,
        latest: circuit,
        cancel: undefined,
      };
      this.spans.set(circuit.name, span);
    }
    return span;
  }

  private putOff(span: Span): void {
    span.untold++;
    // The last word must be true: after a storm nobody would know how it ended.
    span.cancel ??= this.clock.schedule(
      SPAN_MS - (this.clock.now() - span.since),
      () => {
        this.spans.delete(span.latest.name);
        this.tellUntold(span);
      },
    );
  }

  private tellUntold({ untold, latest }: Span): void {
    if (untold === 0) return;
    this.callers.since(latest);
    logLine(
      this.logger,
      levelOf(latest),
      `Circuit "${latest.name}" changed its state ${untold} times more within a minute. Now ${latest.explain().sentence}`,
      { ...stateFields(latest), untold },
    );
  }
}

/** Whether a person made it: they want to see that it was done. */
function isOrdered({ from, to }: CircuitEvent<'transition'>): boolean {
  return from.startsWith('forced') || to.startsWith('forced');
}
