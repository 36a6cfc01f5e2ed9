import {
  Inject,
  Injectable,
  Logger,
  type OnApplicationBootstrap,
  type OnModuleInit,
} from '@nestjs/common';
import {
  ContextIdFactory,
  MetadataScanner,
  ModuleRef,
  ModulesContainer,
} from '@nestjs/core';
import type { InstanceWrapper } from '@nestjs/core/injector/instance-wrapper.js';
import type { Circuit } from '../circuit/circuit.js';
import type { CircuitBreakerRegistry } from '../registry/circuit-breaker.registry.js';
import type { UnknownCircuitError } from '../errors/unknown-circuit.error.js';
import { CIRCUIT_BREAKER_REGISTRY } from '../registry/registry-token.js';
import type { CircuitEvent } from '../state/events.js';
import {
  eventSubscriptionsOf,
  type EventSubscription,
} from './on-circuit-event.decorator.js';
import { isObject, wrappersOf } from './provider-classes.js';

type Listener = (event: CircuitEvent, circuit: Circuit) => unknown;

/** A method with `@OnCircuitEvent`, and where it is found at each event. */
interface FoundListener {
  readonly source: string;
  readonly subscription: EventSubscription;
  readonly listener: Listener;
}

/**
 * Registers the methods with `@OnCircuitEvent`, before the application listens.
 *
 * @internal
 */
@Injectable()
export class CircuitEventExplorer
  implements OnModuleInit, OnApplicationBootstrap
{
  private readonly logger = new Logger('CircuitBreaker');
  private readonly scanner = new MetadataScanner();
  private found: readonly FoundListener[] = [];

  constructor(
    @Inject(ModuleRef) private readonly moduleRef: ModuleRef,
    @Inject(ModulesContainer) private readonly modules: ModulesContainer,
  ) {}

  onModuleInit(): void {
    const { registry } = this;
    // While Nest only draws the graph of an application, nothing is instantiated.
    if (registry === null) return;
    this.found = wrappersOf(this.modules).flatMap(each => this.findIn(each));
    for (const { subscription, listener, source } of this.found) {
      const { types, name } = subscription;
      registry.on(types, (event, circuit) => {
        if (name !== undefined && event.name !== name) return;
        this.tell(source, listener, event, circuit);
      });
    }
  }

  /** By now those that `getOrCreate` makes at the start are there, too. */
  onApplicationBootstrap(): void {
    for (const { subscription, source } of this.found) {
      this.warnOfUnknown(subscription.name, source);
    }
  }

  private get registry(): CircuitBreakerRegistry | null {
    return this.moduleRef.get(CIRCUIT_BREAKER_REGISTRY, { strict: false });
  }

  private findIn(wrapper: InstanceWrapper): FoundListener[] {
    const instance: unknown = wrapper.instance;
    if (!isObject(instance)) return [];
    const prototype = Object.getPrototypeOf(instance) as Record<
      string,
      Function
    > | null;
    return this.scanner.getAllMethodNames(prototype).flatMap(key =>
      eventSubscriptionsOf(prototype![key]!).map(subscription => ({
        source: `${wrapper.name}.${key}`,
        subscription,
        listener: this.listenerOf(wrapper, key),
      })),
    );
  }

  /** Found at the event: an instance may have been spied on, and a scoped one is made for it. */
  private listenerOf(wrapper: InstanceWrapper, key: string): Listener {
    const call = (instance: unknown, ...args: Parameters<Listener>): unknown =>
      (instance as Record<string, Listener>)[key]!(...args);
    if (wrapper.isDependencyTreeStatic() && !wrapper.isTransient) {
      return (...args) => call(wrapper.instance, ...args);
    }
    return async (...args) => {
      const instance: unknown = await this.moduleRef.resolve(
        wrapper.token as never,
        ContextIdFactory.create(),
        { strict: false },
      );
      return call(instance, ...args);
    };
  }

  private tell(
    source: string,
    listener: Listener,
    ...args: Parameters<Listener>
  ): void {
    try {
      const answer = listener(...args);
      if (answer instanceof Promise) {
        answer.catch((error: unknown) => this.report(source, error));
      }
    } catch (error) {
      this.report(source, error);
    }
  }

  private report(source: string, error: unknown): void {
    this.logger.error(
      `${source} (@OnCircuitEvent) failed: ${String(error)}`,
      error instanceof Error ? error.stack : undefined,
    );
  }

  private warnOfUnknown(name: string | undefined, source: string): void {
    if (name === undefined) return;
    try {
      this.registry!.get(name);
    } catch (error) {
      const { message } = error as UnknownCircuitError;
      this.logger.warn(`${source} (@OnCircuitEvent) waits in vain. ${message}`);
    }
  }
}
