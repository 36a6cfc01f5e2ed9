import {
  Controller,
  Get,
  Param,
  Inject,
  Injectable,
  Module,
  type Provider,
  Scope,
} from '@nestjs/common';
import { REQUEST } from '@nestjs/core';
import { Test } from '@nestjs/testing';
import { describe, expect, it } from '@jest/globals';
import {
  CircuitBreaker,
  CircuitBreakerModule,
  type CircuitBreakerOptions,
} from '../../lib/index.js';

const start = startWith;

async function startWith(...providers: Provider[]) {
  @Module({
    imports: [CircuitBreakerModule.forRoot()],
    providers,
  })
  class AppModule {}
  const module = await Test.createTestingModule({
    imports: [AppModule],
  }).compile();
  await module.init();
  await module.close();
}

describe('a cached method of a request-scoped provider', () => {
  it.each([
    [
      'declared so',
      () => {
        @Injectable({ scope: Scope.REQUEST })
        class Rates {
          @CircuitBreaker('rates', { cache: { staleFor: '1m' } })
          async rate(): Promise<number> {
            return 1;
          }
        }
        return Rates;
      },
    ],
    [
      'made so by what it injects',
      () => {
        @Injectable()
        class Rates {
          constructor(@Inject(REQUEST) readonly request: object) {}

          @CircuitBreaker('rates', { cache: { staleFor: '1m' } })
          async rate(): Promise<number> {
            return 1;
          }
        }
        return Rates;
      },
    ],
  ])('stops the start without a key, %s', async (_how, create) => {
    await expect(start(create())).rejects.toThrow('Rates.rate: cache.key');
  });

  it('starts with a key', async () => {
    @Injectable({ scope: Scope.REQUEST })
    class Rates {
      @CircuitBreaker('rates', { cache: { staleFor: '1m', key: () => 'all' } })
      async rate(): Promise<number> {
        return 1;
      }
    }
    await expect(start(Rates)).resolves.toBeUndefined();
  });
});

describe('a cached method of a factory that is made for each request', () => {
  it('stops the start without a key', async () => {
    class Tenants {
      @CircuitBreaker('tenants', { cache: { staleFor: '1h' } })
      async who(): Promise<string> {
        return 'tenant';
      }
    }
    await expect(
      startWith({
        provide: Tenants,
        scope: Scope.REQUEST,
        useFactory: () => new Tenants(),
      }),
    ).rejects.toThrow('Tenants.who: cache.key');
  });
});

const createUsers = () => {
  @Injectable()
  class Users {
    @CircuitBreaker('db', { cache: { staleFor: '1h' } })
    async find(id: string): Promise<string> {
      return id;
    }
  }
  return Users;
};

describe('two classes of one name with a cached method on one circuit', () => {
  it('stop the start', async () => {
    await expect(startWith(createUsers(), createUsers())).rejects.toThrow(
      'Users.find: cache: two classes',
    );
  });

  it('start on circuits of their own, as do two methods of one class', async () => {
    @Injectable()
    class Users {
      @CircuitBreaker('users', { cache: { staleFor: '1h' } })
      async find(id: string): Promise<string> {
        return id;
      }
      @CircuitBreaker('users', { cache: { staleFor: '1h' } })
      async findAll(): Promise<string[]> {
        return [];
      }
    }
    await expect(startWith(createUsers(), Users)).resolves.toBeUndefined();
  });

  it('start with methods of other names on one circuit', async () => {
    @Injectable()
    class Groups {
      @CircuitBreaker('db', { cache: { staleFor: '1h' } })
      async find(id: string): Promise<string> {
        return id;
      }
    }
    await expect(startWith(createUsers(), Groups)).resolves.toBeUndefined();
  });
});

describe('a handler behind the interceptor', () => {
  it('stops the start with retry', async () => {
    @CircuitBreaker('handlers', { retry: { attempts: 2 } })
    @Controller()
    class Handlers {
      @Get()
      get() {
        return 'answer';
      }
    }
    await expect(startWith(Handlers)).rejects.toThrow(
      /^@CircuitBreaker\(\): an option cannot be taken.\n {2}- Handlers\.get: retry/,
    );
  });

  it('starts without it', async () => {
    @CircuitBreaker('handlers', { retry: false, timeout: '1s' })
    @Controller()
    class Handlers {
      @Get()
      get() {
        return 'answer';
      }
    }
    await expect(startWith(Handlers)).resolves.toBeUndefined();
  });
});

describe('a handler with a circuit of its own and a cache', () => {
  it('stops the start without a key: who asks need not be among its arguments', async () => {
    @Controller()
    class Baskets {
      @Get()
      @CircuitBreaker('baskets', { cache: { staleFor: '1m' } })
      async get() {
        return 'a basket';
      }
    }
    await expect(startWith(Baskets)).rejects.toThrow(
      'Baskets.get: cache.key: is missing, and what a handler answers may depend on who asks',
    );
  });

  it('starts with one', async () => {
    @Controller()
    class Baskets {
      @Get(':user')
      @CircuitBreaker('baskets', {
        cache: { staleFor: '1m', key: (user: string) => user },
      })
      async get(@Param('user') user: string) {
        return user;
      }
    }
    await expect(startWith(Baskets)).resolves.toBeUndefined();
  });
});

describe('a method that returns a plain value', () => {
  const OPTIONS: CircuitBreakerOptions<never>[] = [
    { timeout: '1s' },
    { deadline: '1s' },
    { retry: { attempts: 2 } },
  ];

  it.each(OPTIONS)('stops the start with %j', async options => {
    @Injectable()
    class Sums {
      @CircuitBreaker('sums', options)
      sum(): number {
        return 1;
      }
    }
    const [name = ''] = Object.keys(options);
    await expect(start(Sums)).rejects.toThrow(`Sums.sum: ${name}`);
  });

  it.each(OPTIONS)(
    'stops the start with %j where only `returns` says it',
    async options => {
      @Injectable()
      class Sums {
        @CircuitBreaker('sums', { ...options, returns: 'value' })
        sum(): unknown {
          return 1;
        }
      }
      await expect(start(Sums)).rejects.toThrow(/that returns a plain value/);
    },
  );

  it('is known by what it declares, whatever `returns` says', async () => {
    @Injectable()
    class Sums {
      @CircuitBreaker('sums', { timeout: '1s', returns: 'promise' })
      sum(): number {
        return 1;
      }
    }
    @Injectable()
    class Loads {
      @CircuitBreaker('loads', { timeout: '1s', returns: 'value' })
      async load(): Promise<number> {
        return 1;
      }
    }
    await expect(start(Sums)).rejects.toThrow('Sums.sum: timeout');
    await expect(start(Loads)).resolves.toBeUndefined();
  });

  it.each(OPTIONS)('starts with what takes %j back', async options => {
    const off = Object.fromEntries(
      Object.keys(options).map(name => [name, false]),
    );
    @CircuitBreaker(options)
    @Injectable()
    class Sums {
      @CircuitBreaker('sums', off)
      sum(): number {
        return 1;
      }
    }
    await expect(start(Sums)).resolves.toBeUndefined();
  });

  it('may have a bulkhead, a rate limit and a cache', async () => {
    @Injectable()
    class Sums {
      @CircuitBreaker('sums', {
        bulkhead: { maxConcurrent: 1 },
        rateLimit: { limit: 1, interval: '1s' },
        cache: { staleFor: '1m' },
      })
      sum(): number {
        return 1;
      }
    }
    await expect(start(Sums)).resolves.toBeUndefined();
  });
});
