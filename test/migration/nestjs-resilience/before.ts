import { Injectable, Module } from '@nestjs/common';
import {
  BulkheadStrategy,
  CacheStrategy,
  CircuitBreakerStrategy,
  ExponentialBackoff,
  FallbackStrategy,
  ResilienceModule,
  RetryStrategy,
  ThrottleStrategy,
  TimeoutStrategy,
  UseResilience,
} from 'nestjs-resilience';
import { Users, type User, type UsersService } from './users.js';

/** The shop's users, as they were with nestjs-resilience. */
@Injectable()
class UsersBefore implements UsersService {
  constructor(private readonly users: Users) {}

  @UseResilience(
    new TimeoutStrategy(1_000),
    new RetryStrategy({ maxRetries: 2, backoff: ExponentialBackoff }),
    new FallbackStrategy((_command, id) => ({ id: Number(id) })),
  )
  getUser(id: number): Promise<User> {
    return this.users.get(id);
  }

  @UseResilience(
    new CircuitBreakerStrategy({
      requestVolumeThreshold: 10,
      errorThresholdPercentage: 50,
      sleepWindowInMilliseconds: 5_000,
      rollingWindowInMilliseconds: 20_000,
    }),
  )
  guarded(id: number): Promise<User> {
    return this.users.get(id);
  }

  @UseResilience(new RetryStrategy({ maxRetries: 2 }))
  retried(id: number): Promise<User> {
    return this.users.get(id);
  }

  @UseResilience(new TimeoutStrategy(1_000))
  inTime(id: number): Promise<User> {
    return this.users.get(id);
  }

  @UseResilience(new CacheStrategy(1_000))
  score(id: number): Promise<number> {
    return this.users.score(id);
  }

  @UseResilience(new BulkheadStrategy({ maxConcurrent: 1, maxQueue: 1 }))
  oneByOne(id: number): Promise<User> {
    return this.users.get(id);
  }

  @UseResilience(new ThrottleStrategy({ ttl: 1_000, limit: 2 }))
  twoASecond(id: number): Promise<User> {
    return this.users.get(id);
  }
}

@Module({
  imports: [ResilienceModule.forRoot({})],
  providers: [Users, { provide: 'users', useClass: UsersBefore }],
})
export class AppBefore {}
