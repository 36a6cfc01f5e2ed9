import type { CircuitLogger } from '../circuit/circuit-dependencies.js';

/** Tells each warning once: circuits that share their options would all tell the same. */
export class OnceLogger implements CircuitLogger {
  private readonly told = new Set<string>();

  constructor(private readonly logger: CircuitLogger) {}

  warn(message: string): void {
    if (this.told.has(message)) return;
    this.told.add(message);
    this.logger.warn(message);
  }

  error(message: string, stack?: string): void {
    this.logger.error(message, stack);
  }
}
