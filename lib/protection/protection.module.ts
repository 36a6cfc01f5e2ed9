import { Global, Inject, Module, type NestModule } from '@nestjs/common';
import {
  ApplicationConfig,
  HttpAdapterHost,
  ModulesContainer,
} from '@nestjs/core';
import { CircuitBreakerExplorer } from './circuit-breaker.explorer.js';
import { CircuitEventExplorer } from './circuit-event.explorer.js';
import { installRetryAfterFilter } from './install-retry-after-filter.js';
import { TRANSPORT_ERRORS, TransportErrors } from './transport-errors.js';

/**
 * What happens once for an application: the decorated classes are found and
 * checked, and `Retry-After` is set. Imported by `CircuitBreakerModule.forRoot()`.
 *
 * Global only for its place in the order of start-up: hooks of global modules run
 * first.
 *
 * @internal
 */
@Global()
@Module({
  providers: [
    CircuitBreakerExplorer,
    CircuitEventExplorer,
    {
      provide: TRANSPORT_ERRORS,
      inject: [ModulesContainer],
      useFactory: (modules: ModulesContainer) => TransportErrors.load(modules),
    },
  ],
})
export class ProtectionModule implements NestModule {
  constructor(
    @Inject(CircuitBreakerExplorer)
    private readonly explorer: CircuitBreakerExplorer,
    @Inject(ApplicationConfig) private readonly config: ApplicationConfig,
    @Inject(HttpAdapterHost) private readonly adapterHost: HttpAdapterHost,
  ) {}

  /** Runs after `useGlobalFilters` in `main.ts`, before routes are made and before any hook. */
  configure(): void {
    this.explorer.explore();
    installRetryAfterFilter(this.config, this.adapterHost);
  }
}
