import { describe, expect, it } from '@jest/globals';
import {
  Scope,
  type ArgumentsHost,
  type ExceptionFilter,
} from '@nestjs/common';
import {
  ApplicationConfig,
  ContextIdFactory,
  HttpAdapterHost,
  type ContextId,
} from '@nestjs/core';
import { InstanceWrapper } from '@nestjs/core/injector/instance-wrapper.js';
import { CircuitOpenException } from '../../lib/errors/circuit-open.exception.js';
import { installRetryAfterFilter } from '../../lib/protection/install-retry-after-filter.js';

class Format implements ExceptionFilter {
  constructor(readonly format: string) {}

  catch() {
    return this.format;
  }
}

/** Outside HTTP: only who answers is looked at. */
const host = { getType: () => 'rpc' } as ArgumentsHost;

/** Those of an application that has the given ones, ours the last. */
function install(...scoped: InstanceWrapper<ExceptionFilter>[]) {
  const config = new ApplicationConfig();
  for (const each of scoped) config.addGlobalRequestFilter(each);
  config.addGlobalFilter(new Format('static'));
  installRetryAfterFilter(config, new HttpAdapterHost());
  const wrapper = config.getGlobalRequestFilters().at(-1)!;
  return {
    wrapper,
    answer: (contextId: ContextId) =>
      wrapper
        .getInstanceByContextId(contextId, 'inquirer')
        .instance.catch(new CircuitOpenException('dependency', 1), host),
  };
}

/** A filter of the user, as Nest keeps it. */
function filterOf(options: Partial<InstanceWrapper<ExceptionFilter>>) {
  return new InstanceWrapper<ExceptionFilter>({
    token: Format,
    metatype: Format,
    scope: Scope.REQUEST,
    ...options,
  });
}

function make(
  wrapper: InstanceWrapper<ExceptionFilter>,
  contextId: ContextId,
  format: string,
): void {
  const made = { instance: new Format(format), isResolved: true };
  wrapper.setInstanceByContextId(contextId, made, 'inquirer');
}

/** A request of a tenant, as a strategy for durable providers tells it. */
function requestOf(tenant: ContextId): ContextId {
  const contextId: ContextId = ContextIdFactory.create();
  contextId.getParent = ({ isTreeDurable }) =>
    isTreeDurable ? tenant : contextId;
  return contextId;
}

describe('the filter for Retry-After', () => {
  it('is added once, also when two copies of the package add it', () => {
    const config = new ApplicationConfig();
    const adapterHost = new HttpAdapterHost();

    installRetryAfterFilter(config, adapterHost);
    installRetryAfterFilter(config, adapterHost);

    expect(config.getGlobalFilters()).toHaveLength(1);
    expect(config.getGlobalRequestFilters()).toEqual([]);
  });
});

describe('the filter for Retry-After among request-scoped ones', () => {
  it('is one that Nest takes for made, under a token that strategies can look at', () => {
    const { wrapper } = install(filterOf({}));

    expect(wrapper.token).toBe(Symbol.for('nestjs-breaker:retry-after-filter'));
    expect(
      wrapper.getInstanceByContextId(ContextIdFactory.create()),
    ).toMatchObject({ isConstructorCalled: true });
  });

  it('hands over to the last one that was made for the request', () => {
    const [first, last] = [filterOf({}), filterOf({})];
    const contextId = ContextIdFactory.create();
    make(first, contextId, 'first');
    make(last, contextId, 'last');

    expect(install(first, last).answer(contextId)).toBe('last');
  });

  it('passes over one that could not be made for the request', () => {
    expect(install(filterOf({})).answer(ContextIdFactory.create())).toBe(
      'static',
    );
  });

  it.each([
    ['durable', { durable: true }, 'of the tenant'],
    ['not durable', { durable: false }, 'of the request'],
    [
      'transient, and depends on what is durable',
      { scope: Scope.TRANSIENT },
      'of the request',
    ],
  ])('finds one that is %s', (_what, options, expected) => {
    const filter = filterOf(options);
    if (filter.isTransient) {
      filter.addCtorMetadata(0, filterOf({ durable: true }));
      expect(filter.isDependencyTreeDurable()).toBe(true);
    }
    const tenant = ContextIdFactory.create();
    const contextId = requestOf(tenant);
    make(filter, tenant, 'of the tenant');
    make(filter, contextId, 'of the request');

    expect(install(filter).answer(contextId)).toBe(expected);
  });
});
