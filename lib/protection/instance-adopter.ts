import type { ModuleRef } from '@nestjs/core';
import type { InstanceWrapper } from '@nestjs/core/injector/instance-wrapper.js';
import type { CircuitBreakerRegistry } from '../registry/circuit-breaker.registry.js';
import { findRegistry } from './find-registry.js';
import { moduleRefOf, setModuleRef } from './module-ref-of.js';
import {
  classNameOf,
  declaredMethods,
} from './protection-metadata.accessor.js';
import { protectionMessages } from './protection.messages.js';
import { isObject, ownInstanceOf } from './provider-classes.js';

/** Registries of applications that have ended: what served them may serve another one. */
const ended = new WeakSet<CircuitBreakerRegistry>();

/**
 * Tells decorated objects which application they serve, where Nest does not: it
 * injects properties only into what it instantiates itself, not into what
 * `useFactory` and `useValue` provide.
 */
export class InstanceAdopter {
  private readonly decorated = new WeakMap<object, boolean>();

  /**
   * @param moduleRef of a module of the application
   * @param registry its circuits
   */
  constructor(
    private readonly moduleRef: ModuleRef,
    private readonly registry: CircuitBreakerRegistry,
  ) {}

  /**
   * @throws Error if an object serves another running application
   */
  adoptAll(wrappers: readonly InstanceWrapper[]): void {
    const instances = wrappers
      .flatMap(instancesOf)
      .filter(each => this.isDecorated(each));
    const shared = instances.find(each => this.servesAnother(each));
    if (shared !== undefined) {
      const className = classNameOf(Object.getPrototypeOf(shared) as object);
      throw new Error(protectionMessages.sharedInstance(className));
    }
    for (const each of instances) setModuleRef(each, this.moduleRef);
    for (const wrapper of wrappers) this.adoptProducts(wrapper);
  }

  /** The application has ended. */
  release(): void {
    ended.add(this.registry);
  }

  /** What a factory makes for each request or each consumer is adopted as it is made. */
  private adoptProducts(wrapper: InstanceWrapper): void {
    const { metatype: factory } = wrapper;
    const isOnce = wrapper.isDependencyTreeStatic() && !wrapper.isTransient;
    if (isOnce || !wrapper.isFactory || factory === null) return;
    const adopt = (made: unknown): unknown => {
      if (
        isObject(made) &&
        this.isDecorated(made) &&
        !this.servesAnother(made)
      ) {
        setModuleRef(made, this.moduleRef);
      }
      return made;
    };
    wrapper.metatype = ((...dependencies: unknown[]): unknown => {
      const made: unknown = (factory as Function)(...dependencies);
      return made instanceof Promise ? made.then(adopt) : adopt(made);
    }) as Function;
  }

  private servesAnother(instance: object): boolean {
    const registry = registryServedBy(instance);
    return registry !== undefined && registry !== this.registry;
  }

  private isDecorated(instance: object): boolean {
    const prototype: unknown = Object.getPrototypeOf(instance);
    if (!isObject(prototype)) return false;
    let isDecorated = this.decorated.get(prototype);
    if (isDecorated === undefined) {
      isDecorated = declaredMethods(prototype).length > 0;
      this.decorated.set(prototype, isDecorated);
    }
    return isDecorated;
  }
}

/** The circuits that an object's calls go through now, unless their application has ended. */
function registryServedBy(
  instance: object,
): CircuitBreakerRegistry | undefined {
  const moduleRef = moduleRefOf(instance);
  const registry =
    moduleRef && findRegistry(moduleRef, () => '@CircuitBreaker()');
  return registry && ended.has(registry) ? undefined : registry;
}

/** What exists already. A transient provider has an instance for each static consumer. */
function instancesOf(wrapper: InstanceWrapper): object[] {
  const instances: unknown[] =
    wrapper.isFactory && wrapper.isTransient
      ? wrapper.getStaticTransientInstances().map(host => host!.instance)
      : [ownInstanceOf(wrapper)];
  return instances.filter(isObject);
}
