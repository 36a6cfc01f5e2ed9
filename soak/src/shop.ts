import { Inject, Injectable } from '@nestjs/common';
import {
  CallSignal,
  CircuitBreaker,
  CircuitBreakerRegistry,
  withCircuitBreaker,
} from 'nestjs-breaker';
import { concat, interval, take, type Observable } from 'rxjs';
import { Dependency } from './dependency.js';
import { FALLBACK, Ledger } from './ledger.js';

/** Names of the circuits; each has a dependency of its own. */
export const CIRCUITS = {
  retried: 'retried',
  keyed: 'keyed',
  cached: 'cached',
  crowded: 'crowded',
  streamed: 'streamed',
  piped: 'piped',
  executed: 'executed',
  failover: 'failover',
  wrapped: 'wrapped',
  instant: 'instant',
  unstable: '<img onerror=alert(1)> unstable',
} as const;

/** One of each way through a circuit, with one of each policy. */
@Injectable()
export class Shop {
  private readonly wrappedCall: (value: number) => Promise<string>;

  constructor(
    private readonly dependency: Dependency,
    private readonly ledger: Ledger,
    @Inject(CircuitBreakerRegistry)
    private readonly circuits: CircuitBreakerRegistry,
  ) {
    this.wrappedCall = circuits
      .get(CIRCUITS.wrapped)
      .wrap(
        (_value: number): Promise<string> => dependency.get(CIRCUITS.wrapped),
        { fallback: async () => FALLBACK },
      );
  }

  @CircuitBreaker(CIRCUITS.retried, {
    timeout: 200,
    deadline: 600,
    retry: { attempts: 3, backoff: { initial: 10, max: 50 } },
    fallback: 'spare',
  })
  retried(_id: number, @CallSignal() signal?: AbortSignal): Promise<string> {
    return this.dependency.get(CIRCUITS.retried, signal);
  }

  @CircuitBreaker(CIRCUITS.keyed, {
    maxKeys: 20,
    timeout: 200,
    key: (tenant: string) => tenant,
  })
  async keyed(
    _tenant: string,
    @CallSignal() signal?: AbortSignal,
  ): Promise<string> {
    return this.dependency.get(CIRCUITS.keyed, signal);
  }

  @CircuitBreaker(CIRCUITS.cached, {
    timeout: 200,
    cache: { freshFor: 100, staleFor: 2_000, maxEntries: 50, coalesce: true },
  })
  async cached(
    _id: number,
    @CallSignal() signal?: AbortSignal,
  ): Promise<string> {
    return this.dependency.get(CIRCUITS.cached, signal);
  }

  @CircuitBreaker(CIRCUITS.crowded, {
    bulkhead: { maxConcurrent: 5, maxQueue: 10, maxWait: 200 },
    rateLimit: { limit: 100, interval: '1s' },
    timeout: 200,
  })
  async crowded(@CallSignal() signal?: AbortSignal): Promise<string> {
    return this.dependency.get(CIRCUITS.crowded, signal);
  }

  @CircuitBreaker(CIRCUITS.streamed, {
    timeout: 200,
    retry: { attempts: 2, backoff: { initial: 10 } },
  })
  streamed(): Observable<string> {
    return this.dependency.get$(CIRCUITS.streamed);
  }

  @CircuitBreaker(CIRCUITS.unstable, { timeout: 200 })
  async unstable(@CallSignal() signal?: AbortSignal): Promise<string> {
    return this.dependency.get(CIRCUITS.unstable, signal);
  }

  /** A stream of several values; most of its subscribers leave before its end. */
  piped(): Observable<unknown> {
    const circuit = this.circuits.get(CIRCUITS.piped);
    return concat(
      this.dependency.get$(CIRCUITS.piped),
      interval(5).pipe(take(5)),
    ).pipe(withCircuitBreaker(circuit));
  }

  executed(signal: AbortSignal): Promise<string> {
    return this.circuits
      .get(CIRCUITS.executed)
      .execute(
        context => this.dependency.get(CIRCUITS.executed, context.signal),
        { signal, timeout: 300 },
      );
  }

  failover(): Promise<string> {
    return this.circuits.failover(
      CIRCUITS.failover,
      ['eu', 'us', 'ap'],
      (_key, { signal }) => this.dependency.get(CIRCUITS.failover, signal),
      { timeout: 150 },
    );
  }

  wrapped(value: number): Promise<string> {
    return this.wrappedCall(value);
  }

  /** A plain value that fails now and then. */
  instant(fails: boolean): string {
    const entry = this.ledger.of(CIRCUITS.instant);
    return this.circuits.get(CIRCUITS.instant).executeSync(() => {
      entry.attempts++;
      entry.returned++;
      if (fails) throw new Error('at once');
      return 'answer';
    });
  }

  spare(_error: unknown): Promise<string> {
    return Promise.resolve(FALLBACK);
  }
}
