import {
  afterEach,
  beforeEach,
  describe,
  expect,
  it,
  jest,
} from '@jest/globals';
import {
  BrokenCircuitError,
  BulkheadRejectedError,
  handleWhenResult,
  handleType,
  retry,
  circuitBreaker,
  CircuitState,
  ConsecutiveBreaker,
  ConstantBackoff,
  CountBreaker,
  fallback,
  noop,
  TaskCancelledError,
} from 'cockatiel';
import { Circuit } from '../../../lib/index.js';
import { callTimes, StatusError, type Payments } from '../payments.js';
import { PaymentsAfter, StrictPaymentsAfter } from './after.js';
import { PaymentsBefore, StrictPaymentsBefore } from './before.js';

const charge = jest.fn<(orderId: string) => Promise<string>>();
const works = async (orderId: string) => `paid ${orderId}`;
const fails = async () => {
  throw new Error('the gateway is down');
};
const isDeclined = (result: unknown) => result === 'declined';
const hangs = () => new Promise<string>(() => {});
const passing = (milliseconds: number) => (orderId: string) =>
  new Promise<string>(resolve => {
    setTimeout(() => resolve(`paid ${orderId}`), milliseconds);
  });

let old: PaymentsBefore;
let now: PaymentsAfter;

beforeEach(() => {
  jest.useFakeTimers();
  charge.mockReset().mockImplementation(works);
  old = new PaymentsBefore(charge);
  now = new PaymentsAfter(charge);
});

afterEach(() => {
  jest.useRealTimers();
});

describe.each<[string, () => Payments, () => Payments]>([
  [
    'cockatiel',
    () => new PaymentsBefore(charge),
    () => new StrictPaymentsBefore(charge),
  ],
  [
    'nestjs-breaker',
    () => new PaymentsAfter(charge),
    () => new StrictPaymentsAfter(charge),
  ],
])('with %s the shop', (_name, create, createStrict) => {
  it('pays', async () => {
    await expect(create().pay('7')).resolves.toBe('paid 7');
  });

  it('stays closed below the least number of calls', async () => {
    charge.mockImplementation(fails);
    const shop = create();
    await callTimes(9, () => shop.pay('7'));
    expect(shop.state()).toBe('closed');
    await callTimes(1, () => shop.pay('7'));
    expect(shop.state()).toBe('open');
  });

  it('asks the gateway no more while it is open', async () => {
    charge.mockImplementation(fails);
    const shop = create();
    await callTimes(20, () => shop.pay('7'));
    expect(charge).toHaveBeenCalledTimes(10);
  });

  it('opens at five failures in a row, whatever went before', async () => {
    const shop = createStrict();
    await callTimes(30, () => shop.pay('7'));
    charge.mockImplementation(fails);
    await callTimes(4, () => shop.pay('7'));
    expect(shop.state()).toBe('closed');
    await callTimes(1, () => shop.pay('7'));
    expect(shop.state()).toBe('open');
  });

  it('gives up a call after three seconds', async () => {
    charge.mockImplementation(hangs);
    const call = create()
      .pay('7')
      .catch((error: unknown) => error);
    await jest.advanceTimersByTimeAsync(3_000);
    expect(await call).toBeInstanceOf(Error);
  });

  it('stays open until somebody calls after the wait, and closes by that call', async () => {
    charge.mockImplementation(fails);
    const shop = create();
    await callTimes(10, () => shop.pay('7'));
    await jest.advanceTimersByTimeAsync(30_000);
    expect(shop.state()).toBe('open');
    charge.mockImplementation(works);
    await expect(shop.pay('8')).resolves.toBe('paid 8');
    expect(shop.state()).toBe('closed');
  });

  it('refuses what is over its bulkhead', async () => {
    charge.mockImplementation(passing(10));
    const shop = create();
    const calls = ['1', '2', '3'].map(id =>
      shop.pay(id).catch(() => 'refused'),
    );
    await jest.advanceTimersByTimeAsync(10);
    expect(await Promise.all(calls)).toEqual(['paid 1', 'paid 2', 'refused']);
  });
});

describe('what the table says is different', () => {
  it('trips at the threshold, there above it', async () => {
    for (const shop of [old, now]) {
      charge.mockImplementation(works);
      await callTimes(5, () => shop.pay('7'));
      charge.mockImplementation(fails);
      await callTimes(5, () => shop.pay('7'));
    }
    expect([old.state(), now.state()]).toEqual(['closed', 'open']);
  });

  it('counts attempts from 1, and the first is one of them', async () => {
    charge.mockImplementation(fails);
    for (const shop of [old, now]) {
      const call = callTimes(1, () => shop.payOrRetry('7'));
      await jest.advanceTimersByTimeAsync(1_000);
      await call;
    }
    expect([old.attempts, now.attempts]).toEqual([
      [0, 1, 2],
      [1, 2, 3],
    ]);
  });

  it('refuses in half-open at once, there callers wait for the verdict', async () => {
    charge.mockImplementation(fails);
    for (const shop of [old, now]) await callTimes(10, () => shop.pay('7'));
    await jest.advanceTimersByTimeAsync(30_000);
    charge.mockImplementation(passing(1_000));
    const [first, second] = [old, now].map(shop => {
      const probe = shop.pay('7').catch((error: unknown) => error);
      const other = shop.pay('8').catch((error: unknown) => error);
      return { probe, other };
    });
    await jest.advanceTimersByTimeAsync(1);
    await expect(second!.other).resolves.toMatchObject({
      code: 'CIRCUIT_OPEN',
    });
    let isWaiting = true;
    void first!.other.then(() => (isWaiting = false));
    await jest.advanceTimersByTimeAsync(100);
    expect(isWaiting).toBe(true);
    await jest.advanceTimersByTimeAsync(3_000);
    expect(await first!.probe).toBe('paid 7');
    expect(await first!.other).toBe('paid 8');
    expect(await second!.probe).toBe('paid 7');
  });

  it('aborts a signal at the timeout alone, there at each return', async () => {
    for (const shop of [old, now]) await shop.pay('7');
    expect(old.signals[0]!.aborted).toBe(true);
    expect(now.signals[0]!.aborted).toBe(false);
    charge.mockImplementation(hangs);
    for (const shop of [old, now]) {
      const call = callTimes(1, () => shop.pay('8'));
      await jest.advanceTimersByTimeAsync(3_000);
      await call;
      expect(shop.signals[1]!.aborted).toBe(true);
    }
  });

  it('keeps the place of a timed-out call, there it is free', async () => {
    charge.mockImplementation(hangs);
    for (const shop of [old, now]) {
      const calls = Promise.all([
        callTimes(1, () => shop.pay('1')),
        callTimes(1, () => shop.pay('2')),
      ]);
      await jest.advanceTimersByTimeAsync(3_000);
      await calls;
    }
    charge.mockImplementation(works);
    await expect(old.pay('3')).resolves.toBe('paid 3');
    await expect(now.pay('3')).rejects.toMatchObject({ code: 'BULKHEAD_FULL' });
  });

  it('goes to half-open when an order to open is released, there to closed', async () => {
    const order = old.breaker.isolate();
    now.circuit.forceOpen('maintenance');
    for (const shop of [old, now]) {
      await expect(shop.pay('7')).rejects.toThrow();
    }
    order.dispose();
    now.circuit.releaseOverride();
    expect([old.state(), now.state()]).toEqual(['closed', 'half-open']);
  });

  it('an answer of the gateway is no failure, there it is', async () => {
    charge.mockRejectedValue(new StatusError(402));
    for (const shop of [old, now]) await callTimes(12, () => shop.pay('7'));
    expect([old.state(), now.state()]).toEqual(['open', 'closed']);
  });

  it('a retry stops when the circuit opens, there it goes on', async () => {
    charge.mockImplementation(fails);
    for (const shop of [old, now]) await callTimes(9, () => shop.pay('7'));
    const [errorThere, errorHere] = await Promise.all([
      callTimes(1, () => old.payOrRetry('7')),
      callTimes(1, () => now.payOrRetry('7')),
      jest.advanceTimersByTimeAsync(1_000),
    ]);
    // The first attempt opened it. There the second one is refused, and that is retried as well.
    expect(errorThere[0]).toBeInstanceOf(BrokenCircuitError);
    expect(errorHere[0]).toMatchObject({ message: 'the gateway is down' });
  });

  it('errors have other names', async () => {
    old.breaker.isolate();
    now.circuit.forceOpen();
    await expect(now.pay('7')).rejects.toMatchObject({
      code: 'CIRCUIT_OPEN',
      status: 503,
    });
    await expect(old.pay('7')).rejects.toBeInstanceOf(BrokenCircuitError);

    [old, now] = [new PaymentsBefore(charge), new PaymentsAfter(charge)];
    charge.mockImplementation(hangs);
    const late = [old, now].map(shop => [
      shop.pay('1').catch((error: unknown) => error),
      shop.pay('2').catch((error: unknown) => error),
      shop.pay('3').catch((error: unknown) => error),
    ]);
    await jest.advanceTimersByTimeAsync(3_000);
    const [there, here] = await Promise.all(
      late.map(calls => Promise.all(calls)),
    );
    expect(there![0]).toBeInstanceOf(TaskCancelledError);
    expect(there![2]).toBeInstanceOf(BulkheadRejectedError);
    expect(here).toMatchObject([
      { code: 'CALL_TIMEOUT' },
      { code: 'CALL_TIMEOUT' },
      { code: 'BULKHEAD_FULL' },
    ]);
  });

  it('a result that is a failure counts and is returned in both', async () => {
    const there = circuitBreaker(
      handleWhenResult(result => result === 'declined'),
      { halfOpenAfter: 30_000, breaker: new ConsecutiveBreaker(3) },
    );
    const here = new Circuit('payments', { consecutiveFailures: 3 });
    for (let call = 0; call < 3; call++) {
      await expect(there.execute(() => 'declined')).resolves.toBe('declined');
      await expect(
        here.execute(async () => 'declined', {
          isFailureResult: (result: string) => result === 'declined',
        }),
      ).resolves.toBe('declined');
    }
    await expect(there.execute(works as never)).rejects.toBeInstanceOf(
      BrokenCircuitError,
    );
    expect(here.state).toBe('open');
  });

  it('what `recordErrors` does not match is judged by the default rule, there passed over', async () => {
    const there = circuitBreaker(handleType(StatusError), {
      halfOpenAfter: 30_000,
      breaker: new ConsecutiveBreaker(3),
    });
    const here = new Circuit('payments', {
      consecutiveFailures: 3,
      recordErrors: [StatusError],
    });
    const judged = new Circuit('payments', {
      consecutiveFailures: 3,
      classifyError: error =>
        error instanceof StatusError ? 'failure' : 'success',
    });
    for (const each of [there, here, judged]) {
      await callTimes(3, () => each.execute(fails));
    }
    await expect(there.execute(async () => 'paid')).resolves.toBe('paid');
    expect([here.state, judged.state]).toEqual(['open', 'closed']);
  });

  it('a result that is a failure is returned, there a fallback takes its place', async () => {
    const there = fallback(handleWhenResult(isDeclined), 'queued');
    const here = new Circuit('payments');
    await expect(there.execute(() => 'declined')).resolves.toBe('queued');
    await expect(
      here.execute(async () => 'declined', {
        isFailureResult: isDeclined,
        fallback: () => 'queued',
      }),
    ).resolves.toBe('declined');
  });

  it('switched off, a timeout still holds, there `noop` does nothing', async () => {
    const here = new Circuit('payments', { mode: 'disabled' });
    const both = Promise.allSettled([
      noop.execute(() => passing(100)('7')),
      here.execute(() => passing(100)('7'), { timeout: 50 }),
    ]);
    await jest.advanceTimersByTimeAsync(100);
    expect(await both).toMatchObject([
      { value: 'paid 7' },
      { reason: { code: 'CALL_TIMEOUT' } },
    ]);
  });

  it('a breaker by count wants a full window, here twenty calls', async () => {
    const there = circuitBreaker(handleType(Error), {
      halfOpenAfter: 30_000,
      breaker: new CountBreaker({ threshold: 0.4, size: 100 }),
    });
    const here = new Circuit('payments', {
      failureRateThreshold: 0.4,
      consecutiveFailures: false,
    });
    for (const each of [there, here]) {
      await callTimes(99, () => each.execute(fails));
    }
    expect([there.state, here.state]).toEqual([CircuitState.Closed, 'open']);
  });

  it('retries wait as long with a constant backoff in both', async () => {
    const times: number[][] = [[], []];
    const note = (index: number) => async () => {
      times[index]!.push(Date.now());
      throw new Error('down');
    };
    const there = retry(handleType(Error), {
      maxAttempts: 2,
      backoff: new ConstantBackoff(50),
    });
    const here = new Circuit('payments');
    const both = Promise.allSettled([
      there.execute(note(0)),
      here.execute(note(1), {
        retry: {
          attempts: 3,
          backoff: { initial: 50, multiplier: 1, jitter: 0 },
        },
      }),
    ]);
    await jest.advanceTimersByTimeAsync(1_000);
    await both;
    expect(times[0]!.map(at => at - times[0]![0]!)).toEqual([0, 50, 100]);
    expect(times[1]).toEqual(times[0]);
  });
});
