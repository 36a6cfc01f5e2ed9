import { Logger } from '@nestjs/common';
import type { CircuitLogger } from './circuit-dependencies.js';

const NEST_LOGGER = new Logger('CircuitBreaker');

/** Tells a person about one circuit, each kind of thing once: what happens at one call does so at every call. */
export class OnceReporter {
  private told: Set<string> | undefined;

  constructor(
    private readonly name: string,
    private readonly logger: CircuitLogger = NEST_LOGGER,
  ) {}

  /** Tells of a function of the user's that threw and was passed over. */
  readonly report = (what: string, error: unknown): void => {
    if (!this.isFirst(what)) return;
    try {
      this.logger.error(
        `Circuit "${this.name}": ${what} threw and was passed over: ${String(error)}`,
        error instanceof Error ? error.stack : undefined,
      );
    } catch {
      // A logger that throws, or an error that cannot be read: no reason to fail a call.
    }
  };

  /** Warns each time: whoever calls knows how often that is. */
  warn(message: string): void {
    this.logger.warn(message);
  }

  /** @param kind what is told once */
  warnOnce(kind: string, message: string): void {
    if (this.isFirst(kind)) this.warn(`Circuit "${this.name}": ${message}`);
  }

  private isFirst(kind: string): boolean {
    this.told ??= new Set();
    if (this.told.has(kind)) return false;
    this.told.add(kind);
    return true;
  }
}
