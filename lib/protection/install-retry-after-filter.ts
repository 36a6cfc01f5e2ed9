import type { ExceptionFilter } from '@nestjs/common';
import type {
  ApplicationConfig,
  ContextId,
  HttpAdapterHost,
} from '@nestjs/core';
import { InstanceWrapper } from '@nestjs/core/injector/instance-wrapper.js';
import { RETRY_AFTER_FILTER, RetryAfterFilter } from './retry-after.filter.js';

/**
 * Adds the filter for `Retry-After` where Nest asks it before every other global
 * filter. Nest asks the filter first that was added last, and request-scoped ones
 * before the others, so it is added last, and among the request-scoped ones too,
 * if there are any.
 *
 * To be called after `APP_FILTER` and `useGlobalFilters`, and before the routes
 * are made: in a module's `configure()`.
 */
export function installRetryAfterFilter(
  config: ApplicationConfig,
  adapterHost: HttpAdapterHost,
): void {
  if (config.getGlobalFilters().some(isInstalled)) return;
  config.addGlobalFilter(
    new RetryAfterFilter(() => filtersOf(config), adapterHost),
  );
  if (config.getGlobalRequestFilters().length > 0) {
    config.addGlobalRequestFilter(new RetryAfterWrapper(config, adapterHost));
  }
}

/** Stands among the request-scoped filters; its filter knows for which request it was asked. */
class RetryAfterWrapper extends InstanceWrapper<ExceptionFilter> {
  constructor(
    private readonly config: ApplicationConfig,
    private readonly adapterHost: HttpAdapterHost,
  ) {
    super({ token: RETRY_AFTER_FILTER });
  }

  override getInstanceByContextId(contextId: ContextId, inquirerId?: string) {
    return {
      instance: new RetryAfterFilter(
        () => [
          ...scopedFiltersOf(this.config, contextId, inquirerId),
          ...filtersOf(this.config),
        ],
        this.adapterHost,
      ),
      // What Nest asks of the instances that it has made.
      isConstructorCalled: true,
    };
  }
}

function filtersOf(config: ApplicationConfig): ExceptionFilter[] {
  return config.getGlobalFilters().toReversed();
}

function scopedFiltersOf(
  config: ApplicationConfig,
  contextId: ContextId,
  inquirerId: string | undefined,
): ExceptionFilter[] {
  return config
    .getGlobalRequestFilters()
    .toReversed()
    .map(wrapper =>
      wrapper.getInstanceByContextId(contextOf(contextId, wrapper), inquirerId),
    )
    .filter(host => host.isResolved)
    .map(host => host.instance);
}

/** A durable filter lives in the context of its tenant. */
function contextOf(contextId: ContextId, wrapper: InstanceWrapper): ContextId {
  return (
    contextId.getParent?.({
      token: wrapper.token,
      isTreeDurable: !wrapper.isTransient && wrapper.isDependencyTreeDurable(),
    }) ?? contextId
  );
}

function isInstalled(filter: ExceptionFilter): boolean {
  return RETRY_AFTER_FILTER in filter;
}
