import { Module, type DynamicModule } from '@nestjs/common';
import {
  ASYNC_OPTIONS_TYPE,
  ConfigurableModuleClass,
  OPTIONS_TYPE,
} from './circuit-breaker-dashboard.module-definition.js';
import { Dashboard } from './dashboard.js';

/**
 * A page that shows every circuit live, and the same data as JSON and as
 * server-sent events. Read-only unless `authorize` is given.
 *
 * It shows names of circuits and messages of errors to whoever reaches it: put
 * `guards` on it, or do not let it be reached from outside.
 *
 * @example
 * imports: [
 *   CircuitBreakerModule.forRoot(),
 *   CircuitBreakerDashboardModule.forRoot({
 *     path: 'ops/circuits',
 *     guards: [SignedInGuard],
 *     authorize: (request: Request) => request.user.isOperator && request.user.email,
 *     allowedHosts: ['ops.example.com'],
 *   }),
 * ]
 */
@Module({ providers: [Dashboard] })
export class CircuitBreakerDashboardModule extends ConfigurableModuleClass {
  /** @param options without any, the page is at `/circuits` and read-only */
  static override forRoot(options: typeof OPTIONS_TYPE = {}): DynamicModule {
    return super.forRoot(options);
  }

  /** As {@link forRoot}; `path` and `guards` stand beside the factory. */
  static override forRootAsync(
    options: typeof ASYNC_OPTIONS_TYPE,
  ): DynamicModule {
    return super.forRootAsync(options);
  }
}
