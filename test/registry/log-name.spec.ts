import { afterEach, expect, it } from '@jest/globals';
import type { LoggerService } from '@nestjs/common';
import { throwError } from 'rxjs';
import { CircuitBreakerModule } from '../../lib/circuit-breaker.module.js';
import { CircuitBreakerRegistry } from '../../lib/registry/circuit-breaker.registry.js';
import { closeApps, plainModule, startContext } from '../support/nest-app.js';

afterEach(closeApps);

/** Keeps what is logged under which name. */
class NamedLog implements LoggerService {
  readonly lines: string[] = [];

  log(): void {}

  warn(message: unknown, ...rest: unknown[]): void {
    this.keep(message, rest);
  }

  error(message: unknown, ...rest: unknown[]): void {
    this.keep(message, rest);
  }

  private keep(message: unknown, rest: unknown[]): void {
    const name = rest.findLast(each => typeof each === 'string');
    this.lines.push(`[${String(name)}] ${String(message)}`);
  }
}

it('logs transitions, settings and sources under one name, so that one filter finds all of it', async () => {
  const log = new NamedLog();
  const app = await startContext(
    plainModule({
      imports: [
        CircuitBreakerModule.forRoot({
          circuits: { payments: {} },
          configSource: throwError(() => new Error('no route')),
        }),
      ],
    }),
    log,
  );
  const registry = app.get(CircuitBreakerRegistry);

  registry.get('payments').forceOpen();
  registry.getOrCreate('payments', { maxKeys: 3 });

  expect(log.lines).toEqual([
    expect.stringMatching(/^\[CircuitBreaker\] The configuration source/),
    expect.stringMatching(/^\[CircuitBreaker\] Circuit "payments" is forced/),
    expect.stringMatching(
      /^\[CircuitBreaker\] Circuit "payments": getOrCreate/,
    ),
  ]);
});
