import { afterEach, describe, expect, it } from '@jest/globals';
import {
  Injectable,
  SetMetadata,
  type Provider,
  type Type,
} from '@nestjs/common';
import { firstValueFrom, isObservable, Observable, of } from 'rxjs';
import { CircuitOpenException } from '../../lib/errors/circuit-open.exception.js';
import { CircuitBreaker } from '../../lib/protection/circuit-breaker.decorator.js';
import { CircuitBreakerRegistry } from '../../lib/registry/circuit-breaker.registry.js';
import {
  closeApps,
  LogKeeper,
  rootModule,
  startContext,
} from '../support/nest-app.js';

afterEach(closeApps);

async function start<T>(provider: Type<T> & Provider) {
  const app = await startContext(rootModule({ providers: [provider] }));
  return {
    service: app.get<T>(provider),
    circuit: app.get(CircuitBreakerRegistry).get('c'),
    registry: app.get(CircuitBreakerRegistry),
  };
}

describe('a refused call answers in the kind of the method', () => {
  @Injectable()
  class Service {
    runs = 0;

    @CircuitBreaker('c')
    async declaredAsync(): Promise<number> {
      return ++this.runs;
    }

    @CircuitBreaker('c')
    declaredPromise(): Promise<number> {
      return Promise.resolve(++this.runs);
    }

    @CircuitBreaker('c')
    declaredObservable(): Observable<number> {
      return of(++this.runs);
    }

    @CircuitBreaker('c')
    declaredValue(): number {
      return ++this.runs;
    }

    @CircuitBreaker('c', { returns: 'promise' })
    toldPromise(): PromiseLike<number> | number {
      return Promise.resolve(++this.runs);
    }

    @CircuitBreaker('c', { returns: 'observable' })
    toldObservable(): unknown {
      return of(++this.runs);
    }

    @CircuitBreaker('c')
    seen(kind: 'promise' | 'observable' | 'value'): unknown {
      this.runs++;
      if (kind === 'promise') return Promise.resolve(1);
      return kind === 'observable' ? of(1) : 1;
    }
  }

  it.each(['declaredAsync', 'declaredPromise', 'toldPromise'] as const)(
    '%s: a rejected promise',
    async method => {
      const { service, circuit } = await start(Service);
      circuit.forceOpen();

      const answer = service[method]();

      expect(answer).toBeInstanceOf(Promise);
      await expect(answer).rejects.toBeInstanceOf(CircuitOpenException);
      expect(service.runs).toBe(0);
    },
  );

  it.each(['declaredObservable', 'toldObservable'] as const)(
    '%s: an Observable with an error',
    async method => {
      const { service, circuit } = await start(Service);
      circuit.forceOpen();

      const answer = service[method]() as Observable<number>;

      expect(isObservable(answer)).toBe(true);
      await expect(firstValueFrom(answer)).rejects.toBeInstanceOf(
        CircuitOpenException,
      );
      expect(service.runs).toBe(0);
    },
  );

  it('declaredValue: throws', async () => {
    const { service, circuit } = await start(Service);
    circuit.forceOpen();

    expect(() => service.declaredValue()).toThrow(CircuitOpenException);
    expect(service.runs).toBe(0);
  });

  it('in the declared kind, whatever `returns` says', async () => {
    @Injectable()
    class Certain {
      @CircuitBreaker('c', { returns: 'value' })
      async load(): Promise<number> {
        return 1;
      }
    }
    const { service, circuit } = await start(Certain);
    circuit.forceOpen();

    await expect(service.load()).rejects.toBeInstanceOf(CircuitOpenException);
  });

  it('in the kind that the method itself declares, called with `super` from one of another kind', async () => {
    class Base {
      @CircuitBreaker('c')
      load(): Promise<number> {
        return Promise.resolve(1);
      }
    }
    @Injectable()
    class Derived extends Base {
      @SetMetadata('emits', 'design:returntype')
      override load(): any {
        return super.load();
      }
    }
    const { service, circuit } = await start(Derived);
    circuit.forceOpen();

    await expect(service.load()).rejects.toBeInstanceOf(CircuitOpenException);
  });

  it('of no declared kind: throws as long as it has not answered', async () => {
    @Injectable()
    class Fresh {
      @CircuitBreaker('c')
      load(): unknown {
        return Promise.resolve(1);
      }
    }
    const { service, circuit } = await start(Fresh);
    circuit.forceOpen();

    expect(() => service.load()).toThrow(CircuitOpenException);
  });

  it('of no declared kind: as it answered last', async () => {
    const { service, circuit } = await start(Service);

    service.seen('promise');
    circuit.forceOpen();
    await expect(service.seen('promise')).rejects.toBeInstanceOf(
      CircuitOpenException,
    );

    circuit.reset();
    service.seen('observable');
    circuit.forceOpen();
    await expect(
      firstValueFrom(service.seen('observable') as Observable<number>),
    ).rejects.toBeInstanceOf(CircuitOpenException);

    circuit.reset();
    expect(service.seen('value')).toBe(1);
    circuit.forceOpen();
    expect(() => service.seen('value')).toThrow(CircuitOpenException);
    expect(service.runs).toBe(3);
  });

  it('of no declared kind: a method that answers in two kinds still does', async () => {
    const { service, circuit } = await start(Service);

    const promise = service.seen('promise');
    expect(promise).toBeInstanceOf(Promise);
    expect(service.seen('value')).toBe(1);
    expect(isObservable(service.seen('observable'))).toBe(true);
    expect(service.seen('value')).toBe(1);
    await promise;

    expect(circuit.snapshot().totals.successes).toBe(3);
  });
});

describe('a call of a decorated method', () => {
  it('is warned of a timeout that its circuit makes no sense with', async () => {
    @Injectable()
    class Service {
      @CircuitBreaker('c', { timeout: '1s', slowCallDuration: '2s' })
      async load() {
        return 1;
      }
    }
    const log = new LogKeeper();
    const app = await startContext(rootModule({ providers: [Service] }), log);

    await app.get(Service).load();
    await app.get(Service).load();

    expect(log.warnings).toEqual([
      expect.stringMatching(
        /Service\.load.*slowCallDuration: 2000 ms is not below the timeout of 1000 ms/,
      ),
    ]);
  });

  it('is one call of the circuit for each subscription, while the body runs once', async () => {
    @Injectable()
    class Service {
      runs = 0;
      @CircuitBreaker('c')
      watch(): Observable<number> {
        this.runs++;
        return of(1, 2);
      }
    }
    const { service, circuit } = await start(Service);

    const watched = service.watch();
    expect(circuit.snapshot().totals.calls).toBe(0);
    watched.subscribe();
    watched.subscribe();

    expect(circuit.snapshot().totals.successes).toBe(2);
    expect(service.runs).toBe(1);
  });

  it('is counted once when a plain value is thrown or returned', async () => {
    @Injectable()
    class Service {
      @CircuitBreaker('c')
      parse(text: string): number {
        if (text === '') throw new Error('empty');
        return Number(text);
      }
    }
    const { service, circuit } = await start(Service);

    expect(service.parse('42')).toBe(42);
    expect(() => service.parse('')).toThrow('empty');
    expect(circuit.snapshot().totals).toMatchObject({
      successes: 1,
      failures: 1,
    });
  });

  it('gives a named fallback the error, the arguments and `this`', async () => {
    @Injectable()
    class Service {
      readonly #suffix = '!';
      @CircuitBreaker('c', { fallback: 'orElse' })
      async load(id: string, _depth: number): Promise<string> {
        throw new Error(`no ${id}`);
      }
      orElse(error: Error, id: string, depth: number): string {
        return `${error.message} ${id} ${depth}${this.#suffix}`;
      }
    }
    const { service, circuit } = await start(Service);

    expect(await service.load('one', 2)).toBe('no one one 2!');
    circuit.forceOpen();
    expect(await service.load('one', 2)).toBe(
      'Circuit "c" is forced open one 2!',
    );
    expect(circuit.snapshot().totals.fallbacks).toBe(2);
  });

  it('uses the fallback of the class that overrides it', async () => {
    class Base {
      @CircuitBreaker('c', { fallback: 'orElse' })
      async load(): Promise<string> {
        throw new Error('down');
      }
      orElse(): string {
        return 'base';
      }
    }
    @Injectable()
    class Derived extends Base {
      override orElse() {
        return 'derived';
      }
    }
    const { service } = await start(Derived);

    expect(await service.load()).toBe('derived');
  });

  it('goes through the circuit of its key', async () => {
    @Injectable()
    class Service {
      @CircuitBreaker('c', {
        consecutiveFailures: 1,
        key: (tenant: string) => tenant,
      })
      async load(tenant: string): Promise<string> {
        if (tenant === 'broken') throw new Error('down');
        return tenant;
      }
    }
    const { service, circuit, registry } = await start(Service);

    await expect(service.load('broken')).rejects.toThrow('down');
    await expect(service.load('broken')).rejects.toBeInstanceOf(
      CircuitOpenException,
    );
    expect(await service.load('healthy')).toBe('healthy');
    expect(registry.keyed('c', 'broken').state).toBe('open');
    expect(circuit.snapshot().totals.calls).toBe(0);
  });

  it('counts a result that is a failure, and returns it all the same', async () => {
    @Injectable()
    class Service {
      @CircuitBreaker('c', {
        isFailureResult: (answer: { ok: boolean }) => !answer.ok,
      })
      async load(): Promise<{ ok: boolean }> {
        return { ok: false };
      }
    }
    const { service, circuit } = await start(Service);

    expect(await service.load()).toEqual({ ok: false });
    expect(circuit.snapshot().totals.failures).toBe(1);
  });
});
