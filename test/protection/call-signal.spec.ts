import { afterEach, describe, expect, it } from '@jest/globals';
import { Controller, Get, Injectable, Param } from '@nestjs/common';
import { Observable } from 'rxjs';
import {
  CallSignal,
  givenSignal,
  withSignal,
} from '../../lib/protection/call-signal.decorator.js';
import { CircuitBreaker } from '../../lib/protection/circuit-breaker.decorator.js';
import { CircuitBreakerRegistry } from '../../lib/registry/circuit-breaker.registry.js';
import {
  closeApps,
  PLATFORMS,
  rootModule,
  startContext,
  startHttp,
} from '../support/nest-app.js';

afterEach(closeApps);

/** Rejects at the abort, as `fetch` does. */
function untilAborted(signal: AbortSignal | undefined): Promise<never> {
  return new Promise((_, reject) => {
    signal?.addEventListener('abort', () => reject(signal.reason as Error));
  });
}

@Injectable()
class Rates {
  readonly seen: unknown[][] = [];
  signal: AbortSignal | undefined;

  @CircuitBreaker('hang', { timeout: 20 })
  async hang(_currency: string, @CallSignal() signal?: AbortSignal) {
    this.signal = signal;
    return untilAborted(signal);
  }

  @CircuitBreaker('patient')
  async patient(@CallSignal() signal?: AbortSignal) {
    this.signal = signal;
    return untilAborted(signal);
  }

  @CircuitBreaker('retried', {
    retry: { attempts: 3, backoff: { initial: 1, max: 1 } },
    fallback: () => 'fallback',
  })
  async retried(name: string, @CallSignal() signal?: AbortSignal) {
    this.seen.push([name, signal]);
    throw new Error('down');
  }

  @CircuitBreaker('optional')
  async optional(a?: string, b?: string, @CallSignal() signal?: AbortSignal) {
    return [a, b, signal instanceof AbortSignal, arguments.length];
  }

  @CircuitBreaker('plain')
  plain(@CallSignal() signal?: AbortSignal): string {
    return String(signal instanceof AbortSignal);
  }

  @CircuitBreaker('stream')
  stream(@CallSignal() signal?: AbortSignal): Observable<string> {
    return new Observable(subscriber => {
      subscriber.next(String(signal instanceof AbortSignal));
      subscriber.complete();
    });
  }

  @CircuitBreaker('answered', {
    fallback: (error, ...args: unknown[]) => [String(error), args.length],
  })
  async answered(name: string, @CallSignal() signal?: AbortSignal) {
    throw new Error(`${name} ${String(signal?.aborted)}`);
  }
}

class MoreRates extends Rates {}

async function start() {
  const app = await startContext(rootModule({ providers: [Rates, MoreRates] }));
  const registry = app.get(CircuitBreakerRegistry);
  return { app, registry, rates: app.get(Rates) };
}

describe('@CallSignal()', () => {
  it('receives a signal that the timeout aborts', async () => {
    const { rates } = await start();

    await expect(rates.hang('EUR')).rejects.toMatchObject({
      code: 'CALL_TIMEOUT',
    });
    expect(rates.signal?.aborted).toBe(true);
  });

  it("is aborted by the caller's signal in its place, which counts neither way", async () => {
    const { rates, registry } = await start();
    const caller = new AbortController();
    const answer = rates.patient(caller.signal);
    const reason = new Error('gone');
    caller.abort(reason);

    await expect(answer).rejects.toBe(reason);
    expect(rates.signal?.aborted).toBe(true);
    expect(registry.get('patient').snapshot()).toMatchObject({
      inFlight: 0,
      totals: { ignored: 1, failures: 0 },
    });
  });

  it('merges the two: either aborts it', async () => {
    const { rates } = await start();
    const caller = new AbortController();
    const timedOut = rates.hang('EUR', caller.signal);
    await expect(timedOut).rejects.toMatchObject({ code: 'CALL_TIMEOUT' });
    expect(caller.signal.aborted).toBe(false);
    expect(rates.signal?.aborted).toBe(true);

    const given = rates.hang('EUR', caller.signal);
    caller.abort();
    await expect(given).rejects.toBe(caller.signal.reason);
    expect(rates.signal?.aborted).toBe(true);
  });

  it('fills its own place, whatever was left out before it', async () => {
    const { rates } = await start();

    expect(await rates.optional()).toEqual([undefined, undefined, true, 3]);
    expect(await rates.optional('a')).toEqual(['a', undefined, true, 3]);
    expect(await rates.optional('a', 'b')).toEqual(['a', 'b', true, 3]);
  });

  it('works for plain values, Observables and inherited methods', async () => {
    const { app, rates } = await start();
    const seen: string[] = [];
    rates.stream().subscribe(value => seen.push(value));

    expect(rates.plain()).toBe('true');
    expect(seen).toEqual(['true']);
    expect(app.get(MoreRates).plain()).toBe('true');
  });

  it('is one for each attempt', async () => {
    const { rates } = await start();

    expect(await rates.retried('EUR')).toBe('fallback');
    expect(rates.seen.map(([name]) => name)).toEqual(['EUR', 'EUR', 'EUR']);
    expect(new Set(rates.seen.map(([, signal]) => signal)).size).toBe(3);
  });

  it('is no argument of a fallback that the caller did not give', async () => {
    const { rates } = await start();

    expect(await rates.answered('EUR')).toEqual(['Error: EUR false', 1]);
  });

  it('takes the place of its parameter in whatever class is decorated', async () => {
    @Injectable()
    class Fresh {
      @CircuitBreaker()
      async call(_name: string, @CallSignal() signal?: AbortSignal) {
        return signal instanceof AbortSignal;
      }
    }
    const app = await startContext(rootModule({ providers: [Fresh] }));

    expect(await app.get(Fresh).call('EUR')).toBe(true);
  });

  it('has the place that the method of the class gives it, not that of the one it overrides', async () => {
    class Base {
      @CircuitBreaker('base')
      async first(@CallSignal() _signal?: AbortSignal, ..._more: unknown[]) {
        return [] as unknown[];
      }
      @CircuitBreaker('base')
      async second(@CallSignal() _signal?: AbortSignal, ..._more: unknown[]) {
        return [] as unknown[];
      }
    }
    @Injectable()
    class Derived extends Base {
      @CircuitBreaker('derived')
      override async first(...args: unknown[]) {
        return args;
      }
      @CircuitBreaker('derived')
      override async second(
        _name?: unknown,
        @CallSignal() signal?: AbortSignal,
      ) {
        return [signal instanceof AbortSignal];
      }
    }
    const app = await startContext(rootModule({ providers: [Derived] }));

    expect(await app.get(Derived).first()).toEqual([]);
    expect(await app.get(Derived).second()).toEqual([true]);
  });

  it('is passed over outside a container', () => {
    expect(new Rates().plain()).toBe('false');
  });

  it('is refused where no call of a circuit passes', () => {
    expect(() => {
      class Constructed {
        constructor(@CallSignal() readonly signal?: AbortSignal) {}
      }
      return Constructed;
    }).toThrow(/constructors and static methods/);
    expect(() => {
      class Static {
        readonly name = 'static';
        static call(@CallSignal() signal?: AbortSignal) {
          return signal;
        }
      }
      return Static;
    }).toThrow(/constructors and static methods/);
  });

  it('is refused twice in one method', () => {
    expect(() => {
      class Twice {
        call(@CallSignal() a?: AbortSignal, @CallSignal() b?: AbortSignal) {
          return [a, b];
        }
      }
      return Twice;
    }).toThrow('Twice.call has two parameters with @CallSignal()');
  });

  it('stops the start where only the class is decorated, and nobody would fill it', async () => {
    @CircuitBreaker()
    @Controller()
    class Handlers {
      @Get()
      get(@CallSignal() signal?: AbortSignal) {
        return String(signal?.aborted);
      }
    }

    await expect(
      startContext(rootModule({ controllers: [Handlers] })),
    ).rejects.toThrow(
      /Handlers\.get: a parameter with @CallSignal\(\) is filled by the method's own decorator/,
    );
  });
});

describe.each(PLATFORMS)('@CallSignal() on %s', (_platform, adapter) => {
  @Controller()
  class Handlers {
    @Get('first')
    @CircuitBreaker('first')
    async first(@CallSignal() signal?: AbortSignal) {
      return { isSignal: signal instanceof AbortSignal };
    }

    @CircuitBreaker('second')
    @Get('second/:id')
    async second(@Param('id') id: string, @CallSignal() signal?: AbortSignal) {
      return { id, isSignal: signal instanceof AbortSignal };
    }
  }

  it("stands beside Nest's own decorators of parameters", async () => {
    const { url } = await startHttp(
      rootModule({ controllers: [Handlers] }),
      adapter,
    );
    const get = async (path: string) =>
      (await fetch(`${url}/${path}`)).json() as Promise<unknown>;

    expect(await get('first')).toEqual({ isSignal: true });
    expect(await get('second/7')).toEqual({ id: '7', isSignal: true });
  });
});

describe('the signal among the arguments of a call', () => {
  it('stands in its place, and changes nothing of the others', () => {
    const { signal } = new AbortController();
    const args = ['a', 'b', 'c'];

    expect(withSignal([], 2, signal)).toEqual([undefined, undefined, signal]);
    expect(withSignal(args, 1, signal)).toEqual(['a', signal, 'c']);
    expect(args).toEqual(['a', 'b', 'c']);
  });

  it.each([
    undefined,
    null,
    'aborted',
    {},
    { aborted: false },
    { addEventListener: () => {} },
  ])('is not %p', given => {
    expect(givenSignal([given], 0)).toBeUndefined();
  });

  it('may be of a class of its own', () => {
    const given = { aborted: false, addEventListener: () => {} };

    expect(givenSignal([given], 0)).toBe(given);
  });
});
