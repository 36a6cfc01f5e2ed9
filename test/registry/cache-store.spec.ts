import { Injectable, Module } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { describe, expect, it } from '@jest/globals';
import { CircuitBreaker, CircuitBreakerModule } from '../../lib/index.js';

class Store {
  readonly kept = new Map<string, unknown>();
  async get(key: string): Promise<unknown> {
    return this.kept.get(key);
  }
  async set(key: string, value: unknown): Promise<void> {
    this.kept.set(key, value);
  }
}

@Injectable()
class Rates {
  isDown = false;

  @CircuitBreaker('rates', { cache: { staleFor: '10m' } })
  async rate(currency: string): Promise<string> {
    if (this.isDown) throw new Error('down');
    return `1 ${currency}`;
  }

  @CircuitBreaker('rates', { cache: { staleFor: '10m' } })
  async name(currency: string): Promise<string> {
    if (this.isDown) throw new Error('down');
    return `name of ${currency}`;
  }
}

async function start(store?: Store): Promise<Rates> {
  @Module({
    imports: [
      CircuitBreakerModule.forRoot(store ? { cacheStore: store } : undefined),
    ],
    providers: [Rates],
  })
  class AppModule {}
  const module = await Test.createTestingModule({
    imports: [AppModule],
  }).compile();
  await module.init();
  return module.get(Rates);
}

describe('the cache of decorated methods', () => {
  it.each([
    ['the memory of the process', undefined],
    ['the store of the application', new Store()],
  ])('answers from %s while the call fails', async (_where, store) => {
    const rates = await start(store);
    await expect(rates.rate('EUR')).resolves.toBe('1 EUR');
    await expect(rates.name('EUR')).resolves.toBe('name of EUR');
    rates.isDown = true;
    await expect(rates.rate('EUR')).resolves.toBe('1 EUR');
    // Two methods on one circuit, the same arguments: each has its own answers.
    await expect(rates.name('EUR')).resolves.toBe('name of EUR');
    await expect(rates.rate('USD')).rejects.toThrow('down');
    if (store !== undefined) expect(store.kept.size).toBe(2);
  });

  it('leaves the store as it was: neither frozen nor copied', async () => {
    const store = new Store();
    await start(store);
    expect(Object.isFrozen(store)).toBe(false);
  });

  it('refuses what is no store', async () => {
    await expect(start({ get: 5 } as never)).rejects.toThrow('cacheStore');
  });
});
