import { afterEach, describe, expect, it } from '@jest/globals';
import {
  Controller,
  Get,
  type ExecutionContext,
  type Type,
} from '@nestjs/common';
import { firstValueFrom, of, type Observable } from 'rxjs';
import { CircuitBreaker } from '../../lib/protection/circuit-breaker.decorator.js';
import { CircuitBreakerInterceptor } from '../../lib/protection/circuit-breaker.interceptor.js';
import { CircuitBreakerRegistry } from '../../lib/registry/circuit-breaker.registry.js';
import {
  closeApps,
  LogKeeper,
  rootModule,
  startContext,
} from '../support/nest-app.js';

afterEach(closeApps);

/** An application of controllers, and calls of their handlers as Nest makes them. */
async function start(...controllers: Type[]) {
  const log = new LogKeeper();
  const app = await startContext(
    rootModule({ controllers, providers: [CircuitBreakerInterceptor] }),
    log,
  );
  const registry = app.get(CircuitBreakerRegistry);
  const interceptor = app.get(CircuitBreakerInterceptor);
  return {
    log,
    registry,
    calls: () =>
      Object.fromEntries(
        registry.snapshot().map(({ name, totals }) => [name, totals.calls]),
      ),
    ask: async (controller: Type, method: string) => {
      const prototype = controller.prototype as Record<string, unknown>;
      const context = {
        getClass: () => controller,
        getHandler: () => prototype[method],
        getType: () => 'rpc',
        getArgs: () => [],
        getArgByIndex: () => undefined,
      } as unknown as ExecutionContext;
      const answers = interceptor.intercept(context, {
        handle: () => of('answer'),
      });
      return firstValueFrom((await answers) as Observable<unknown>);
    },
  };
}

/** Puts another function, of another name, in the method's place. */
function wrapped(): MethodDecorator {
  return (_target, _key, descriptor) => {
    const original = descriptor.value as unknown as () => unknown;
    const wrapper = function (this: unknown) {
      return original.call(this);
    };
    for (const key of Reflect.getOwnMetadataKeys(original)) {
      const value: unknown = Reflect.getOwnMetadata(key, original);
      Reflect.defineMetadata(key, value, wrapper);
    }
    descriptor.value = wrapper as never;
  };
}

describe('a handler behind the interceptor', () => {
  it('has the name that its class calls it by, though a decorator has put another function there', async () => {
    @CircuitBreaker()
    @Controller()
    class Shop {
      @wrapped()
      @Get()
      one() {
        return 'one';
      }
    }
    const { ask, calls } = await start(Shop);

    await ask(Shop, 'one');

    expect(calls()).toEqual({ 'Shop.one': 1 });
  });

  it('is protected for each class that inherits it by a circuit of its own', async () => {
    class Base {
      @Get()
      one() {
        return 'one';
      }
    }
    @CircuitBreaker()
    @Controller('left')
    class Left extends Base {}
    @CircuitBreaker()
    @Controller('right')
    class Right extends Base {}
    const { ask, calls } = await start(Left, Right);

    await ask(Left, 'one');
    await ask(Right, 'one');
    await ask(Right, 'one');

    expect(calls()).toEqual({ 'Left.one': 1, 'Right.one': 2 });
  });

  it('is warned of a timeout that its circuit makes no sense with', async () => {
    @CircuitBreaker({ timeout: '1s', slowCallDuration: '2s' })
    @Controller()
    class Shop {
      @Get()
      one() {
        return 'one';
      }
    }
    const { ask, log } = await start(Shop);

    await ask(Shop, 'one');
    await ask(Shop, 'one');

    expect(log.warnings).toEqual([
      expect.stringMatching(
        /Shop\.one.*slowCallDuration: 2000 ms is not below the timeout of 1000 ms/,
      ),
    ]);
  });
});
