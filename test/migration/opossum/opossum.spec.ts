import {
  afterEach,
  beforeEach,
  describe,
  expect,
  it,
  jest,
} from '@jest/globals';
import CircuitBreaker from 'opossum';
import { isRejection } from '../../../lib/index.js';
import { callTimes, StatusError, type Payments } from '../payments.js';
import { PaymentsAfter } from './after.js';
import { PaymentsBefore } from './before.js';

const charge = jest.fn<(orderId: string) => Promise<string>>();
const works = async (orderId: string) => `paid ${orderId}`;
const fails = async () => {
  throw new Error('the gateway is down');
};
const hangs = () => new Promise<string>(() => {});
const passing = (milliseconds: number) => (orderId: string) =>
  new Promise<string>(resolve => {
    setTimeout(() => resolve(`paid ${orderId}`), milliseconds);
  });

const shops: PaymentsBefore[] = [];

function before(...options: ConstructorParameters<typeof PaymentsBefore>[1][]) {
  const shop = new PaymentsBefore(charge, ...options);
  shops.push(shop);
  return shop;
}

function after(
  ...options: ConstructorParameters<typeof PaymentsAfter> extends [
    unknown,
    ...infer Rest,
  ]
    ? Rest
    : never
) {
  return new PaymentsAfter(charge, ...options);
}

beforeEach(() => {
  jest.useFakeTimers();
  charge.mockReset().mockImplementation(works);
});

afterEach(() => {
  for (const shop of shops.splice(0)) shop.breaker.shutdown();
  jest.useRealTimers();
});

describe.each<[string, () => Payments]>([
  ['opossum', () => before()],
  ['nestjs-breaker', () => after()],
])('with %s the shop', (_name, create) => {
  it('pays', async () => {
    await expect(create().pay('7')).resolves.toBe('paid 7');
  });

  it('stays closed below the least number of calls', async () => {
    charge.mockImplementation(fails);
    const shop = create();
    await callTimes(4, () => shop.pay('7'));
    expect(shop.state()).toBe('closed');
  });

  it('opens on an outage, and then asks the gateway no more', async () => {
    charge.mockImplementation(fails);
    const shop = create();
    await callTimes(8, () => shop.pay('7'));
    expect(shop.state()).toBe('open');
    expect(charge.mock.calls.length).toBeLessThan(8);
  });

  it('gives up a call after three seconds, as a failure', async () => {
    charge.mockImplementation(hangs);
    const shop = create();
    const calls = Array.from({ length: 6 }, () =>
      shop.pay('7').catch((error: unknown) => error),
    );
    await jest.advanceTimersByTimeAsync(3_000);
    for (const error of await Promise.all(calls)) {
      expect(error).toBeInstanceOf(Error);
    }
    expect(shop.state()).toBe('open');
  });

  it('tries one call after the wait, refuses others meanwhile, and closes', async () => {
    charge.mockImplementation(fails);
    const shop = create();
    await callTimes(8, () => shop.pay('7'));
    await jest.advanceTimersByTimeAsync(30_000);
    charge.mockReset().mockImplementation(passing(10));
    const probe = shop.pay('8');
    await expect(shop.pay('9')).rejects.toThrow();
    await jest.advanceTimersByTimeAsync(10);
    await expect(probe).resolves.toBe('paid 8');
    expect(shop.state()).toBe('closed');
    expect(charge).toHaveBeenCalledTimes(1);
  });

  it('opens again when that one call fails', async () => {
    charge.mockImplementation(fails);
    const shop = create();
    await callTimes(8, () => shop.pay('7'));
    await jest.advanceTimersByTimeAsync(30_000);
    await callTimes(1, () => shop.pay('8'));
    expect(shop.state()).toBe('open');
  });
});

describe('what the table says is different', () => {
  it('trips at the threshold, there above it', async () => {
    const [old, now] = [before(), after()];
    for (const shop of [old, now]) {
      charge.mockImplementation(works);
      await callTimes(5, () => shop.pay('7'));
      charge.mockImplementation(fails);
      await callTimes(5, () => shop.pay('7'));
    }
    expect([old.state(), now.state()]).toEqual(['closed', 'open']);
  });

  it('ten failures in a row trip below the least number of calls', async () => {
    const [old, now] = [
      before({ volumeThreshold: 20 }),
      after({ minimumCalls: 20 }),
    ];
    charge.mockImplementation(fails);
    for (const shop of [old, now]) await callTimes(10, () => shop.pay('7'));
    expect([old.state(), now.state()]).toEqual(['closed', 'open']);
  });

  it('half-open begins with a call, there with a timer', async () => {
    const [old, now] = [before(), after()];
    charge.mockImplementation(fails);
    for (const shop of [old, now]) await callTimes(8, () => shop.pay('7'));
    await jest.advanceTimersByTimeAsync(30_000);
    expect([old.state(), now.state()]).toEqual(['half-open', 'open']);
  });

  it('an idle circuit has no timer, there it has', () => {
    after();
    expect(jest.getTimerCount()).toBe(0);
    before();
    expect(jest.getTimerCount()).toBeGreaterThan(0);
  });

  it('an answer of the gateway is no failure, there it is until a filter says so', async () => {
    const [old, filtered, now] = [
      before(),
      before({
        errorFilter: error => error instanceof StatusError,
      }),
      after(),
    ];
    charge.mockRejectedValue(new StatusError(402));
    for (const shop of [old, filtered, now]) {
      const errors = await callTimes(12, () => shop.pay('7'));
      expect(errors[0]).toEqual(new StatusError(402));
    }
    expect([old.state(), filtered.state(), now.state()]).toEqual([
      'open',
      'closed',
      'closed',
    ]);
  });

  it('a fallback gets the error first, there last', async () => {
    charge.mockImplementation(fails);
    const queued = 'queued 7: Error: the gateway is down';
    await expect(before().withQueue().pay('7')).resolves.toBe(queued);
    await expect(after().withQueue().pay('7')).resolves.toBe(queued);
  });

  it('a full bulkhead is no failure, there it opens the circuit', async () => {
    const [old, now] = [
      before({ capacity: 1 }),
      after({ bulkhead: { maxConcurrent: 1 } }),
    ];
    charge.mockImplementation(passing(10));
    for (const shop of [old, now]) {
      const first = shop.pay('7');
      const errors = await callTimes(9, () => shop.pay('8'));
      expect(errors.every(error => error instanceof Error)).toBe(true);
      await jest.advanceTimersByTimeAsync(10);
      await expect(first).resolves.toBe('paid 7');
    }
    expect([old.state(), now.state()]).toEqual(['open', 'closed']);
    expect(old.breaker.stats.failures).toBeGreaterThan(0);
    expect(now.circuit.snapshot().totals).toMatchObject({
      failures: 0,
      rejected: 9,
    });
  });

  it('a timed-out call keeps its place, there it gives it back', async () => {
    const [old, now] = [
      before({ capacity: 1 }),
      after({ bulkhead: { maxConcurrent: 1 } }),
    ];
    charge.mockImplementation(hangs);
    for (const shop of [old, now]) {
      const first = shop.pay('7').catch(() => 'given up');
      await jest.advanceTimersByTimeAsync(3_000);
      await expect(first).resolves.toBe('given up');
    }
    charge.mockImplementation(works);
    await expect(old.pay('8')).resolves.toBe('paid 8');
    await expect(now.pay('8')).rejects.toMatchObject({ code: 'BULKHEAD_FULL' });
  });

  it('an old answer stands in for a failure, there it is gone', async () => {
    const old = before({ cache: true, cacheTTL: 1_000 });
    const now = after(
      {},
      {
        cache: {
          freshFor: '1s',
          staleFor: '1m',
          key: (orderId: string) => orderId,
        },
      },
    );
    for (const shop of [old, now]) {
      charge.mockReset().mockImplementation(works);
      await callTimes(3, () => shop.pay('7'));
      expect(charge).toHaveBeenCalledTimes(1);
    }
    await jest.advanceTimersByTimeAsync(2_000);
    charge.mockImplementation(fails);
    await expect(old.pay('7')).rejects.toThrow('the gateway is down');
    await expect(now.pay('7')).resolves.toBe('paid 7');
  });

  it('calls share the one under way, there also what it has become', async () => {
    const old = before({
      coalesce: true,
      coalesceTTL: 60_000,
    });
    const now = after(
      {},
      {
        cache: {
          coalesce: true,
          staleFor: '1m',
          key: (orderId: string) => orderId,
        },
      },
    );
    for (const [shop, calls] of [
      [old, 1],
      [now, 2],
    ] as const) {
      charge.mockReset().mockImplementation(passing(10));
      const both = Promise.all([shop.pay('7'), shop.pay('7')]);
      await jest.advanceTimersByTimeAsync(10);
      await expect(both).resolves.toEqual(['paid 7', 'paid 7']);
      expect(charge).toHaveBeenCalledTimes(1);
      const later = shop.pay('7');
      await jest.advanceTimersByTimeAsync(10);
      await expect(later).resolves.toBe('paid 7');
      expect(charge).toHaveBeenCalledTimes(calls);
    }
  });

  it('an order to open stays, there the timer ends it', async () => {
    const [old, now] = [before(), after()];
    old.breaker.open();
    now.circuit.forceOpen('maintenance');
    await jest.advanceTimersByTimeAsync(60_000);
    await expect(old.pay('7')).resolves.toBe('paid 7');
    await expect(now.pay('7')).rejects.toMatchObject({ code: 'CIRCUIT_OPEN' });
    now.circuit.releaseOverride();
    await expect(now.pay('7')).resolves.toBe('paid 7');
  });

  it('switched off, calls pass in both', async () => {
    const [old, now] = [before(), after({ mode: 'disabled' })];
    old.breaker.disable();
    charge.mockImplementation(fails);
    for (const shop of [old, now]) {
      const errors = await callTimes(20, () => shop.pay('7'));
      expect(errors).toHaveLength(20);
      expect(shop.state()).toBe('closed');
    }
    expect(charge).toHaveBeenCalledTimes(40);
  });

  it('switched off, a fallback still answers, there none does', async () => {
    const [old, now] = [
      before().withQueue(),
      after({ mode: 'disabled' }).withQueue(),
    ];
    old.breaker.disable();
    charge.mockImplementation(fails);
    await expect(old.pay('7')).rejects.toThrow('the gateway is down');
    await expect(now.pay('7')).resolves.toMatch(/^queued 7/);
  });

  it('a filter gets the error alone, there the arguments too', async () => {
    const errorFilter = jest.fn(() => true);
    const classifyError = jest.fn(() => 'success' as const);
    const both = [before({ errorFilter }), after({ classifyError })];
    charge.mockImplementation(fails);
    for (const shop of both) await callTimes(1, () => shop.pay('7'));
    const error = new Error('the gateway is down');
    expect(errorFilter.mock.calls).toEqual([[error, '7']]);
    expect(classifyError.mock.calls).toEqual([[error]]);
  });

  it('a count of failures opens, there `maxFailures` only prints', async () => {
    const print = jest.spyOn(console, 'error').mockImplementation(() => {});
    const old = before({ maxFailures: 3, errorThresholdPercentage: 100 });
    const now = after({ failureCount: 3, failureRateThreshold: false });
    charge.mockImplementation(fails);
    for (const shop of [old, now]) await callTimes(6, () => shop.pay('7'));
    expect([old.state(), now.state()]).toEqual(['closed', 'open']);
    expect(print).toHaveBeenCalledTimes(1);
    print.mockRestore();
  });

  it('calls pass after `dispose`, there they are refused after `shutdown`', async () => {
    const [old, now] = [before(), after()];
    old.breaker.shutdown();
    now.circuit.dispose();
    await expect(old.pay('7')).rejects.toMatchObject({ code: 'ESHUTDOWN' });
    await expect(now.pay('7')).resolves.toBe('paid 7');
  });

  it('an answer is kept without a call only for `freshFor`, there for ever', async () => {
    const old = before({ cache: true });
    const now = after(
      {},
      { cache: { staleFor: '1m', key: (orderId: string) => orderId } },
    );
    for (const shop of [old, now]) await callTimes(2, () => shop.pay('7'));
    expect(charge).toHaveBeenCalledTimes(1 + 2);
  });

  it('errors have other codes', async () => {
    const [old, now] = [before({ volumeThreshold: 1 }), after()];
    old.breaker.open();
    now.circuit.forceOpen();
    const open = await Promise.all(
      [old, now].map(shop => shop.pay('7').catch((error: unknown) => error)),
    );
    expect(open).toMatchObject([
      { code: 'EOPENBREAKER' },
      { code: 'CIRCUIT_OPEN', status: 503 },
    ]);
    old.breaker.close();
    now.circuit.reset();
    charge.mockImplementation(hangs);
    const late = Promise.all(
      [old, now].map(shop => shop.pay('7').catch((error: unknown) => error)),
    );
    await jest.advanceTimersByTimeAsync(3_000);
    expect(await late).toMatchObject([
      { code: 'ETIMEDOUT' },
      { code: 'CALL_TIMEOUT', status: 504 },
    ]);
    expect(CircuitBreaker.isOurError(open[0])).toBe(true);
    expect(isRejection(open[1])).toBe(true);
  });
});
