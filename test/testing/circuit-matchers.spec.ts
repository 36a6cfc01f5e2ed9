import { describe, expect, it } from '@jest/globals';
import { Circuit } from '../../lib/index.js';
import { circuitMatchers } from '../../lib/testing/jest.js';
import { VirtualClock } from '../../lib/testing/index.js';

expect.extend(circuitMatchers);

function circuitOf(options = {}) {
  return new Circuit(
    'payments',
    { openJitter: 0, ...options },
    { clock: new VirtualClock(), random: () => 0 },
  );
}

async function fail(circuit: Circuit, times = 1): Promise<void> {
  for (let call = 0; call < times; call++) {
    await circuit
      .execute(() => Promise.reject(new Error('down')))
      .catch(() => {});
  }
}

function messageOf(run: () => void): string {
  try {
    run();
  } catch (error) {
    // Jest colours its own matchers, not ours.
    return (error as Error).message;
  }
  throw new Error('the matcher passed');
}

describe('the matchers of states', () => {
  it('tell closed from open', () => {
    const circuit = circuitOf();
    expect(circuit).toBeClosed();
    expect(circuit).not.toBeOpen();
    circuit.forceOpen();
    expect(circuit).toBeOpen();
    expect(circuit).not.toBeClosed();
    circuit.releaseOverride();
    expect(circuit).toBeHalfOpen();
    expect(circuit).not.toBeOpen();
    circuit.forceClosed();
    expect(circuit).toBeClosed();
    expect(circuit).not.toBeHalfOpen();
  });

  it.each<[string, (circuit: Circuit) => unknown, string]>([
    ['closed', () => {}, 'toBeClosed'],
    ['open', circuit => fail(circuit), 'toBeOpen'],
    [
      'half-open',
      circuit => {
        circuit.forceOpen();
        circuit.releaseOverride();
      },
      'toBeHalfOpen',
    ],
    ['forced-open', circuit => circuit.forceOpen(), 'toBeOpen'],
    ['forced-closed', circuit => circuit.forceClosed(), 'toBeClosed'],
  ])('pass one alone: %s', async (state, bring, passing) => {
    const circuit = circuitOf({ consecutiveFailures: 1 });
    await bring(circuit);
    expect(circuit.state).toBe(state);
    const passed = (['toBeClosed', 'toBeOpen', 'toBeHalfOpen'] as const).filter(
      name => circuitMatchers[name](circuit).pass,
    );
    expect(passed).toEqual([passing]);
  });

  it('say why the circuit is what it is', async () => {
    const circuit = circuitOf({ consecutiveFailures: 3 });
    await fail(circuit, 2);
    expect(messageOf(() => expect(circuit).toBeOpen())).toBe(
      'expected circuit "payments" to be open\n' +
        '"payments" is closed: of 2 calls in its window 2 failed and 0 were slow, too few for a rate to count.\n' +
        'It has counted: calls 2, failures 2.',
    );
    await fail(circuit);
    expect(messageOf(() => expect(circuit).not.toBeOpen())).toMatch(
      /^expected circuit "payments" not to be open\n"payments" is open because 3 calls in a row failed;/,
    );
  });

  it('say which state they wanted', () => {
    const circuit = circuitOf();
    expect(messageOf(() => expect(circuit).not.toBeClosed())).toMatch(
      /^expected circuit "payments" not to be closed\n"payments" is closed/,
    );
    expect(messageOf(() => expect(circuit).toBeHalfOpen())).toMatch(
      /^expected circuit "payments" to be half-open\n"payments" is closed/,
    );
    circuit.forceOpen();
    expect(messageOf(() => expect(circuit).toBeClosed())).toMatch(
      /^expected circuit "payments" to be closed\n"payments" is forced open/,
    );
  });

  it('name the key of a keyed circuit', () => {
    const circuit = new Circuit('search', {}, { key: 'eu' });
    expect(messageOf(() => expect(circuit).toBeOpen())).toMatch(
      /^expected circuit "search" \(eu\) to be open/,
    );
  });
});

describe('the matchers of counts', () => {
  it('count what the circuit counts', async () => {
    const clock = new VirtualClock();
    const circuit = new Circuit(
      'payments',
      { consecutiveFailures: 4 },
      { clock, random: () => 0 },
    );
    const cache = { staleFor: '1h', freshFor: '1h', key: () => 'one' };
    await circuit.execute(async () => 1, { cache });
    expect(circuit).toHaveSucceeded();
    expect(circuit).toHaveSucceeded(1);
    expect(circuit).not.toHaveFailed();
    expect(circuit).toHaveFailed(0);
    expect(circuit).not.toHaveRetried();
    expect(circuit).not.toHaveTimedOut();
    expect(circuit).not.toHaveRejected();
    expect(circuit).not.toHaveFallenBack();
    expect(circuit).not.toHaveAnsweredFromCache();

    const withCache = { cache };
    await circuit.execute(async () => 1, withCache);
    await circuit.execute(async () => 1, withCache);
    expect(circuit).toHaveAnsweredFromCache(2);

    await clock.runUntil(
      circuit
        .execute(() => new Promise(() => {}), {
          timeout: '1s',
          retry: { attempts: 2 },
          fallback: () => 0,
        })
        .catch(() => {}),
    );
    expect(circuit).toHaveTimedOut(2);
    expect(circuit).toHaveRetried(1);
    expect(circuit).toHaveFallenBack(1);
    expect(circuit).toHaveFailed(2);

    await fail(circuit, 5);
    expect(circuit).toHaveFailed(4);
    expect(circuit).toHaveRejected(3);
    expect(circuit).not.toHaveRejected(2);
  });

  it('tell one count from another, and name each in words of its own', async () => {
    const clock = new VirtualClock();
    const circuit = new Circuit('payments', {}, { clock, random: () => 0 });
    const cache = { staleFor: '1h', freshFor: '1h', key: () => 'one' };
    for (let call = 0; call < 3; call++) {
      await circuit.execute(async () => 1, { cache });
    }
    await clock.runUntil(
      circuit.execute(() => new Promise(() => {}), {
        timeout: '1s',
        retry: { attempts: 4, budget: false },
        fallback: () => 0,
      }),
    );
    await fail(circuit);
    for (let call = 0; call < 5; call++) await circuit.execute(async () => 1);
    circuit.forceOpen();
    await fail(circuit, 7);
    const counted = {
      toHaveFallenBack: [1, 'have fallen back', 'times'],
      toHaveAnsweredFromCache: [2, 'have answered from its cache', 'times'],
      toHaveRetried: [3, 'have retried', 'times'],
      toHaveTimedOut: [4, 'have timed out', 'times'],
      toHaveFailed: [5, 'have failed', 'times'],
      toHaveSucceeded: [6, 'have succeeded', 'times'],
      toHaveRejected: [7, 'have rejected', 'calls'],
    } as const;
    for (const [matcher, [count, verb, unit]] of Object.entries(counted)) {
      const name = matcher as keyof typeof counted;
      expect(circuit)[name](count);
      expect(messageOf(() => expect(circuit)[name](9)).split('\n')[0]).toBe(
        `expected circuit "payments" to ${verb} 9 ${unit}; the count is ${count}`,
      );
      expect(messageOf(() => expect(circuit).not[name]()).split('\n')[0]).toBe(
        `expected circuit "payments" not to ${verb}; the count is ${count}`,
      );
    }
  });

  it('say what was counted instead', async () => {
    const circuit = circuitOf({ consecutiveFailures: 1 });
    await fail(circuit, 3);
    expect(messageOf(() => expect(circuit).toHaveRejected(3))).toMatch(
      /^expected circuit "payments" to have rejected 3 calls; the count is 2\n"payments" is open because .*\nIt has counted: calls 1, failures 1, rejected 2\.$/,
    );
    expect(messageOf(() => expect(circuit).not.toHaveRejected())).toMatch(
      /^expected circuit "payments" not to have rejected; the count is 2\n/,
    );
    expect(messageOf(() => expect(circuitOf()).toHaveFallenBack())).toMatch(
      /to have fallen back; the count is 0\n.*\nIt has counted: nothing yet\.$/,
    );
  });

  it.each([
    [-1, '-1'],
    [1.5, '1.5'],
    ['2', "'2'"],
    [Number.NaN, 'NaN'],
  ])('refuse %p as a number', (times, quoted) => {
    expect(
      messageOf(() => expect(circuitOf()).toHaveRejected(times as number)),
    ).toBe(
      `got ${quoted}, takes how often: a whole number, or nothing for at least once`,
    );
  });
});

describe('the matchers', () => {
  it("are nobody's to change", () => {
    expect(Object.isFrozen(circuitMatchers)).toBe(true);
  });

  it.each([
    [undefined, 'undefined'],
    [null, 'null'],
    ['payments', "'payments'"],
    [7, '7'],
    [{}, '{}'],
    [{ totals: {} }, '{ totals: {} }'],
    [{ explain() {} }, '{ explain: [Function: explain] }'],
  ])('refuse %p, also with not', (received, quoted) => {
    for (const run of [
      () => expect(received).toBeOpen(),
      () => expect(received).not.toBeOpen(),
      () => expect(received).toHaveRejected(),
    ]) {
      expect(messageOf(run)).toBe(
        `got ${quoted}, takes a Circuit, such as CircuitBreakerRegistry.get('payments') answers`,
      );
    }
  });
});
