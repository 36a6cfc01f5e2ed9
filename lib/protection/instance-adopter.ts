import type { ModuleRef } from '@nestjs/core';
import type { InstanceWrapper } from '@nestjs/core/injector/instance-wrapper.js';
import { findRegistry } from './find-registry.js';
import { clearModuleRef, moduleRefOf, setModuleRef } from './module-ref-of.js';
import {
  classNameOf,
  declaredMethods,
} from './protection-metadata.accessor.js';
import { protectionMessages } from './protection.messages.js';
import { isObject, ownInstanceOf } from './provider-classes.js';

/**
 * Tells decorated objects which application they serve, where Nest does not: it
 * injects properties only into what it instantiates itself, not into what
 * `useFactory` and `useValue` provide.
 */
export class InstanceAdopter {
  private readonly adopted = new Set<object>();

  constructor(private readonly moduleRef: ModuleRef) {}

  /**
   * @throws Error if an object serves another running application
   */
  adoptAll(wrappers: readonly InstanceWrapper[]): void {
    const instances = wrappers.flatMap(instancesOf).filter(isDecorated);
    const shared = instances.find(each => this.servesAnother(each));
    if (shared !== undefined) {
      const className = classNameOf(Object.getPrototypeOf(shared) as object);
      throw new Error(protectionMessages.sharedInstance(className));
    }
    for (const each of instances) {
      if (!this.isServed(each)) {
        setModuleRef(each, this.moduleRef);
        this.adopted.add(each);
      }
    }
    for (const wrapper of wrappers) this.adoptProducts(wrapper);
  }

  /** The application has ended: the objects may serve another one. */
  release(): void {
    for (const each of this.adopted) clearModuleRef(each);
    this.adopted.clear();
  }

  /** What a factory makes for each request or each consumer is adopted as it is made. */
  private adoptProducts(wrapper: InstanceWrapper): void {
    const { metatype: factory } = wrapper;
    const isOnce = wrapper.isDependencyTreeStatic() && !wrapper.isTransient;
    if (isOnce || !wrapper.isFactory || factory === null) return;
    const adopt = (made: unknown): unknown => {
      if (isObject(made) && isDecorated(made) && !this.servesAnother(made)) {
        setModuleRef(made, this.moduleRef);
      }
      return made;
    };
    wrapper.metatype = ((...dependencies: unknown[]): unknown => {
      const made: unknown = (factory as Function)(...dependencies);
      return made instanceof Promise ? made.then(adopt) : adopt(made);
    }) as Function;
  }

  private isServed(instance: object): boolean {
    const moduleRef = moduleRefOf(instance);
    return moduleRef !== undefined && this.isOurs(moduleRef);
  }

  private servesAnother(instance: object): boolean {
    const moduleRef = moduleRefOf(instance);
    return (
      moduleRef !== undefined &&
      !this.isOurs(moduleRef) &&
      registryOf(moduleRef) !== undefined
    );
  }

  private isOurs(moduleRef: ModuleRef): boolean {
    return registryOf(moduleRef) === registryOf(this.moduleRef);
  }
}

function registryOf(moduleRef: ModuleRef) {
  return findRegistry(moduleRef, () => '@CircuitBreaker()');
}

/** What exists already. A transient provider has an instance for each static consumer. */
function instancesOf(wrapper: InstanceWrapper): object[] {
  const instances: unknown[] =
    wrapper.isFactory && wrapper.isTransient
      ? wrapper.getStaticTransientInstances().map(host => host?.instance)
      : [ownInstanceOf(wrapper)];
  return instances.filter(isObject);
}

function isDecorated(instance: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(instance);
  return isObject(prototype) && declaredMethods(prototype).length > 0;
}
