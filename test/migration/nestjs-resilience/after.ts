import { Injectable, Module } from '@nestjs/common';
import { CircuitBreaker, CircuitBreakerModule } from '../../../lib/index.js';
import { Users, type User, type UsersService } from './users.js';

/** The same, migrated by the table: each option by its row. */
@Injectable()
class UsersAfter implements UsersService {
  constructor(private readonly users: Users) {}

  @CircuitBreaker('users', {
    timeout: '1s',
    retry: { attempts: 3, backoff: { initial: 100, multiplier: 1, jitter: 0 } },
    fallback: (_error: unknown, id: number) => ({ id }),
    returns: 'promise',
  })
  getUser(id: number): Promise<User> {
    return this.users.get(id);
  }

  @CircuitBreaker('guarded', {
    window: { type: 'time', duration: '20s' },
    minimumCalls: 10,
    failureRateThreshold: 0.5,
    openDuration: '5s',
    openJitter: 0,
    halfOpen: { calls: 2, concurrency: 1 },
  })
  guarded(id: number): Promise<User> {
    return this.users.get(id);
  }

  @CircuitBreaker('retried', { retry: { attempts: 2 } })
  retried(id: number): Promise<User> {
    return this.users.get(id);
  }

  @CircuitBreaker('in-time', { timeout: '1s' })
  inTime(id: number): Promise<User> {
    return this.users.get(id);
  }

  @CircuitBreaker('score', { cache: { freshFor: '1s', staleFor: '1m' } })
  score(id: number): Promise<number> {
    return this.users.score(id);
  }

  @CircuitBreaker('one-by-one', {
    bulkhead: { maxConcurrent: 1, maxQueue: 1 },
  })
  oneByOne(id: number): Promise<User> {
    return this.users.get(id);
  }

  @CircuitBreaker('two-a-second', { rateLimit: { limit: 2, interval: '1s' } })
  twoASecond(id: number): Promise<User> {
    return this.users.get(id);
  }
}

@Module({
  imports: [CircuitBreakerModule.forRoot()],
  providers: [Users, { provide: 'users', useClass: UsersAfter }],
})
export class AppAfter {}
