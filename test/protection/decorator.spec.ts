import { describe, expect, it } from '@jest/globals';
import { SetMetadata } from '@nestjs/common';
import { of } from 'rxjs';
import { CircuitBreaker } from '../../lib/protection/circuit-breaker.decorator.js';
import type { Method } from '../../lib/protection/fallback-check.js';

/** Decorates as JavaScript does, unchecked by TypeScript. */
const decorate = CircuitBreaker() as (...args: unknown[]) => void;

describe('@CircuitBreaker() on a method', () => {
  it('keeps name, length and being async', () => {
    class Service {
      @CircuitBreaker()
      async load(_id: string, _depth: number): Promise<string> {
        return 'loaded';
      }
    }
    const { load } = Service.prototype;

    expect(load.name).toBe('load');
    expect(load).toHaveLength(2);
    expect(load.constructor.name).toBe('AsyncFunction');
  });

  it('passes calls through outside a container', async () => {
    class Service {
      @CircuitBreaker({ consecutiveFailures: 1 })
      async load(id: string): Promise<string> {
        if (id === 'bad') throw new Error(id);
        return `loaded ${id}`;
      }
    }
    const service = new Service();

    await expect(service.load('bad')).rejects.toThrow('bad');
    await expect(service.load('bad')).rejects.toThrow('bad');
    expect(await service.load('one')).toBe('loaded one');
    expect(Reflect.apply(service.load, undefined, ['two'])).toBeInstanceOf(
      Promise,
    );
  });

  it('keeps the metadata of decorators below and takes that of decorators above', () => {
    class Service {
      @SetMetadata('above', 1)
      @CircuitBreaker()
      @SetMetadata('below', 2)
      load(): number {
        return 1;
      }
    }
    const { load } = Service.prototype;

    expect(Reflect.getMetadata('above', load)).toBe(1);
    expect(Reflect.getMetadata('below', load)).toBe(2);
  });

  it('keeps the own properties that decorators below have set', () => {
    class Service {
      @CircuitBreaker()
      @tag()
      load(): number {
        return 1;
      }
    }

    expect(Service.prototype.load).toHaveProperty('tag', 'below');
  });

  it('shows nothing of itself in what an instance holds', () => {
    class Service {
      readonly url = 'http://one';
      @CircuitBreaker()
      load(): number {
        return 1;
      }
    }

    expect({ ...new Service() }).toEqual({ url: 'http://one' });
    expect(Object.keys(Service.prototype)).toEqual([]);
  });

  class Others {
    static shared() {}
    get accessor() {
      return 1;
    }
    set setter(_value: number) {}
    *generator() {
      yield 1;
    }
    async *asyncGenerator() {
      yield 1;
    }
    number = 1;
    property = () => 1;
  }

  it.each([
    ['accessor', /Others\.accessor: it is an accessor/],
    ['setter', /Others\.setter: it is an accessor/],
    ['generator', /Others\.generator: it is a generator/],
    ['asyncGenerator', /Others\.asyncGenerator: it is an async generator/],
    ['property', /Others\.property: it is a property/],
  ])('refuses %s at once', (key, message) => {
    const descriptor = Object.getOwnPropertyDescriptor(Others.prototype, key);

    expect(() => decorate(Others.prototype, key, descriptor)).toThrow(message);
  });

  it('refuses a static method at once', () => {
    const descriptor = Object.getOwnPropertyDescriptor(Others, 'shared');

    expect(() => decorate(Others, 'shared', descriptor)).toThrow(
      /Others\.shared: it is static/,
    );
  });

  it('refuses what is no function', () => {
    expect(() => decorate(Others.prototype, 'one', { value: 1 })).toThrow(
      /Others\.one: it is no function/,
    );
  });

  it('refuses to be put on a method twice', () => {
    expect(decorateTwice).toThrow(
      'Service.load is decorated with @CircuitBreaker() twice',
    );
  });

  it('says what to set when it is used as a standard decorator', () => {
    const context = { kind: 'method', name: 'load' };

    expect(() => decorate(() => of(1), context)).toThrow(
      /"experimentalDecorators": true/,
    );
  });

  it('does not change the options that it is given', () => {
    const options = Object.freeze({ halfOpen: Object.freeze({ calls: 3 }) });
    const descriptor: TypedPropertyDescriptor<Method> = { value: () => 1 };
    const decorateWith = CircuitBreaker('one', options) as typeof decorate;

    decorateWith(Object.create(Others.prototype), 'load', descriptor);

    expect(options).toEqual({ halfOpen: { calls: 3 } });
  });
});

/** Marks the function, as some libraries do. */
function tag(): MethodDecorator {
  return (_target, _key, descriptor) => {
    Object.assign(descriptor.value as object, { tag: 'below' });
  };
}

/** Declares a class whose method has two decorators. */
function decorateTwice(): unknown {
  class Service {
    @CircuitBreaker('one')
    @CircuitBreaker('two')
    load(): number {
      return 1;
    }
  }
  return Service;
}
